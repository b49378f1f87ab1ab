#include "analyzer/leaks/survivors.h"

#include <algorithm>
#include <utility>

namespace cistern::analyzer {

namespace {

// `change` is 1, or -1 as an unsigned number.
void count_birth(GrowthEvidence& evidence, const Windows& windows, uint64_t birth, uint64_t change) {
  const auto window = windows.at(birth);
  (window ? evidence.survivors[*window] : evidence.earlier) += change;
}

}  // namespace

void Survivors::Evidence::begin(const GrowthWindows& windows) {
  any = true;
  for (auto [evidence, of] :
       {std::pair{&by_allocations, &windows.by_allocations()}, std::pair{&by_marks, &windows.by_marks()}}) {
    evidence->lengths = of->lengths;
    evidence->survivors.resize(of->size());
    evidence->allocated.resize(of->size());
  }
}

void Survivors::Evidence::count(const GrowthWindows& windows, uint64_t birth, uint64_t change) {
  count_birth(by_allocations, windows.by_allocations(), birth, change);
  count_birth(by_marks, windows.by_marks(), birth, change);
}

GrowthFinding Survivors::Evidence::judge(const Amount& amount) const {
  GrowthFinding finding = judge_by_marks(by_marks);
  if (finding.growth != Growth::kMarked) return judge_by_allocations(by_allocations);
  finding.bytes_per_mark =
      finding.blocks_per_mark * static_cast<double>(amount.bytes) / static_cast<double>(amount.blocks);
  return finding;
}

uint32_t Survivors::group_of(NodeId called, Domain domain) {
  const uint64_t key = uint64_t{raw(called)} << 8 | static_cast<uint64_t>(domain);
  const auto [at, added] = index_.insert({key, static_cast<uint32_t>(groups_.size())});
  if (added) {
    LeakGroup group;
    group.stack = called;
    group.domain = domain;
    groups_.push_back(group);
    last_image_.push_back(0);
  }
  return at->second;
}

// The group of each site that has live blocks and is selected; and of each that allocated for such a group.
std::vector<uint32_t> Survivors::groups_of_sites(const Image& image, const Sites& sites, StackResolver& stacks) {
  std::vector<uint32_t> groups(sites.size(), kNoGroup);
  for (const bool live : {true, false}) {
    for (uint32_t index = 0; index < sites.size(); ++index) {
      const Site& site = sites.site(index);
      if ((sites.figures(index).live.blocks != 0) != live) continue;
      if ((selection_.domains & bit_of(site.domain)) == 0) continue;
      if (!selects_thread(selection_, image.definitions.threads.find(site.stream_id))) continue;
      const NodeId node = stacks.node_of(site.stack);
      if (!stacks_.selects(node)) continue;
      const NodeId called = tree_.called(node);
      if (live) {
        groups[index] = group_of(called, site.domain);
        NodeId& shown = shown_.insert({raw(called), node}).first.value();
        if (shown != node) shown = called;
        continue;
      }
      const auto known = index_.find(uint64_t{raw(called)} << 8 | static_cast<uint64_t>(site.domain));
      if (known != index_.end()) groups[index] = known->second;
    }
  }
  return groups;
}

void Survivors::count(const Image& image, const Block& block, int64_t start_ns, LeakGroup& group, uint32_t index) {
  const int64_t birth_ns = start_ns + image.clock.since_start_ns(block.birth);
  const bool first = group.amount.blocks == 0;
  group.first_birth_ns = first ? birth_ns : std::min(group.first_birth_ns, birth_ns);
  group.last_birth_ns = first ? birth_ns : std::max(group.last_birth_ns, birth_ns);
  group.amount.add(block.size_bytes);
  if (last_image_[index] != images_) {
    ++group.images;
    if (group.pids.size() < kNamedProcesses) group.pids.push_back(image.header.image.pid);
  }
  last_image_[index] = images_;
}

void Survivors::add(const Image& image, const HeapModel& model, StackResolver& stacks, const GrowthWindows& windows,
                    int64_t start_ns) {
  ++images_;
  windows_ = &windows;
  group_of_site_ = groups_of_sites(image, model.sites(), stacks);
  evidence_.assign(groups_.size(), {});
  model.for_each_live([&](uint64_t, const Block& block) {
    const uint32_t index = group_of_site_[block.site];
    if (index == kNoGroup) return left_out_.add(block.size_bytes);
    count(image, block, start_ns, groups_[index], index);
    if (!evidence_[index].any) evidence_[index].begin(windows);
    evidence_[index].count(windows, block.birth, 1);
  });
}

void Survivors::collected(const Block& block) {
  if (block.site >= group_of_site_.size() || group_of_site_[block.site] == kNoGroup) return;
  const uint32_t index = group_of_site_[block.site];
  if (!evidence_[index].any) return;
  groups_[index].collectable.add(block.size_bytes);
  evidence_[index].count(*windows_, block.birth, ~uint64_t{0});
}

void Survivors::judge(bool settled) {
  for (uint32_t site = 0; site < group_of_site_.size(); ++site) {
    if (group_of_site_[site] == kNoGroup) continue;
    Evidence& evidence = evidence_[group_of_site_[site]];
    if (evidence.any) windows_->add_allocated(site, evidence.by_allocations.allocated, evidence.by_marks.allocated);
  }
  for (uint32_t index = 0; index < evidence_.size(); ++index) {
    if (!evidence_[index].any) continue;
    evidence_[index].by_allocations.settled = evidence_[index].by_marks.settled = settled;
    GrowthFinding finding = evidence_[index].judge(groups_[index].amount);
    GrowthFinding& known = groups_[index].growth;
    if (known.births.empty() || finding.growth > known.growth) known = std::move(finding);
  }
  evidence_.clear();
  windows_ = nullptr;
}

std::vector<LeakGroup> Survivors::take() {
  for (LeakGroup& group : groups_) group.stack = shown_.at(raw(group.stack));
  std::stable_sort(groups_.begin(), groups_.end(), [](const LeakGroup& a, const LeakGroup& b) {
    if (a.amount.bytes != b.amount.bytes) return a.amount.bytes > b.amount.bytes;
    return a.amount.blocks > b.amount.blocks;
  });
  return std::move(groups_);
}

}  // namespace cistern::analyzer
