#include "analyzer/leaks/survivors.h"

#include <algorithm>

#include "analyzer/leaks/growth_judge.h"

namespace cistern::analyzer {

// What one image says of one group's growth.
struct Survivors::Evidence {
  GrowthEvidence by_allocations;
  GrowthEvidence by_marks;
  bool any = false;

  void begin(const GrowthWindows& windows) {
    any = true;
    for (auto [evidence, of] :
         {std::pair{&by_allocations, &windows.by_allocations()}, std::pair{&by_marks, &windows.by_marks()}}) {
      evidence->lengths = of->lengths;
      evidence->survivors.resize(of->size());
      evidence->allocated.resize(of->size());
    }
  }

  static void born(GrowthEvidence& evidence, const Windows& windows, uint64_t time) {
    if (const auto window = windows.at(time)) {
      ++evidence.survivors[*window];
    } else {
      ++evidence.earlier;
    }
  }

  GrowthFinding judge(const Amount& amount) const {
    GrowthFinding finding = judge_by_marks(by_marks);
    if (finding.growth != Growth::kMarked) return judge_by_allocations(by_allocations);
    finding.bytes_per_mark =
        finding.blocks_per_mark * static_cast<double>(amount.bytes) / static_cast<double>(amount.blocks);
    return finding;
  }
};

uint32_t Survivors::group_of(NodeId stack, Domain domain) {
  const uint64_t key = uint64_t{raw(stack)} << 8 | static_cast<uint64_t>(domain);
  const auto [at, added] = index_.insert({key, static_cast<uint32_t>(groups_.size())});
  if (added) {
    LeakGroup group;
    group.stack = stack;
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
      if (!selects_thread(selection_, image.definitions.threads.find(site.owner))) continue;
      const NodeId node = stacks.node_of(site.stack);
      if (!stacks_.selects(node)) continue;
      if (live) {
        groups[index] = group_of(node, site.domain);
        continue;
      }
      const auto known = index_.find(uint64_t{raw(node)} << 8 | static_cast<uint64_t>(site.domain));
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
  if (last_image_[index] != images_) ++group.images;
  last_image_[index] = images_;
}

void Survivors::add(const Image& image, const HeapModel& model, StackResolver& stacks, const GrowthWindows& windows,
                    int64_t start_ns) {
  ++images_;
  const std::vector<uint32_t> groups = groups_of_sites(image, model.sites(), stacks);
  std::vector<Evidence> evidence(groups_.size());
  model.for_each_live([&](uint64_t, const Block& block) {
    const uint32_t index = groups[block.site];
    if (index == kNoGroup) return left_out_.add(block.size_bytes);
    count(image, block, start_ns, groups_[index], index);
    Evidence& of_group = evidence[index];
    if (!of_group.any) of_group.begin(windows);
    Evidence::born(of_group.by_allocations, windows.by_allocations(), block.birth);
    Evidence::born(of_group.by_marks, windows.by_marks(), block.birth);
  });
  for (uint32_t site = 0; site < groups.size(); ++site) {
    if (groups[site] == kNoGroup) continue;
    Evidence& of_group = evidence[groups[site]];
    if (of_group.any) windows.add_allocated(site, of_group.by_allocations.allocated, of_group.by_marks.allocated);
  }
  for (uint32_t index = 0; index < evidence.size(); ++index) {
    if (!evidence[index].any) continue;
    GrowthFinding finding = evidence[index].judge(groups_[index].amount);
    GrowthFinding& known = groups_[index].growth;
    if (known.births.empty() || finding.growth > known.growth) known = std::move(finding);
  }
}

std::vector<LeakGroup> Survivors::take() {
  std::stable_sort(groups_.begin(), groups_.end(), [](const LeakGroup& a, const LeakGroup& b) {
    if (a.amount.bytes != b.amount.bytes) return a.amount.bytes > b.amount.bytes;
    return a.amount.blocks > b.amount.blocks;
  });
  return std::move(groups_);
}

}  // namespace cistern::analyzer
