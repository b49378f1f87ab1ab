#include "analyzer/leaks/survivors.h"

#include <algorithm>

#include "analyzer/symbols/stack_resolver.h"

namespace cistern::analyzer {

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

// The group of each site that has live blocks and is selected.
std::vector<uint32_t> Survivors::groups_of_sites(const Image& image, const Sites& sites) {
  StackResolver resolver(image.definitions, tree_);
  std::vector<uint32_t> groups(sites.size(), kNoGroup);
  for (uint32_t index = 0; index < sites.size(); ++index) {
    const Site& site = sites.site(index);
    if (sites.figures(index).live.blocks == 0) continue;
    if ((selection_.domains & bit_of(site.domain)) == 0) continue;
    if (!selects_thread(selection_, image.definitions.threads.find(site.owner))) continue;
    const NodeId node = resolver.node_of(site.stack);
    if (stacks_.selects(node)) groups[index] = group_of(node, site.domain);
  }
  return groups;
}

void Survivors::add(const Image& image, const HeapModel& model, int64_t start_ns) {
  ++images_;
  const std::vector<uint32_t> groups = groups_of_sites(image, model.sites());
  model.for_each_live([&](uint64_t, const Block& block) {
    const uint32_t index = groups[block.site];
    if (index == kNoGroup) return left_out_.add(block.size_bytes);
    LeakGroup& group = groups_[index];
    const int64_t birth_ns = start_ns + image.clock.since_start_ns(block.birth);
    const bool first = group.amount.blocks == 0;
    group.first_birth_ns = first ? birth_ns : std::min(group.first_birth_ns, birth_ns);
    group.last_birth_ns = first ? birth_ns : std::max(group.last_birth_ns, birth_ns);
    group.amount.add(block.size_bytes);
    if (last_image_[index] != images_) ++group.images;
    last_image_[index] = images_;
  });
}

std::vector<LeakGroup> Survivors::take() {
  std::stable_sort(groups_.begin(), groups_.end(), [](const LeakGroup& a, const LeakGroup& b) {
    if (a.amount.bytes != b.amount.bytes) return a.amount.bytes > b.amount.bytes;
    return a.amount.blocks > b.amount.blocks;
  });
  return std::move(groups_);
}

}  // namespace cistern::analyzer
