// Puts the live blocks of one image after another into groups by stack and domain. Frames that await a task are
// ignored: they change while the task runs, and would split a group that grows into several that stop. A group's stack
// shows them if all its blocks have the same.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <vector>

#include "analyzer/leaks/growth_judge.h"
#include "analyzer/leaks/growth_windows.h"
#include "analyzer/leaks/leak_group.h"
#include "analyzer/model/heap_model.h"
#include "analyzer/read/image.h"
#include "analyzer/read/mixed_hash.h"
#include "analyzer/symbols/call_tree.h"
#include "analyzer/symbols/selection.h"

namespace cistern::analyzer {

class Survivors {
 public:
  // Both outlive this.
  Survivors(const Selection& selection, CallTree& tree)
      : selection_(selection), tree_(tree), stacks_(selection, tree) {}

  // Adds the live blocks of `model`, the heap of `image`, which began `start_ns` after the profile's first image.
  // `stacks` resolves the image's stacks into the tree. `windows` are those of the image; they must live until judge().
  void add(const Image& image, const HeapModel& model, StackResolver& stacks, const GrowthWindows& windows,
           int64_t start_ns);
  // The image's live block `block` was garbage.
  void collected(const Block& block);
  // Judges the growth of the image that was added last. `settled`: the program has ended, and all garbage is known.
  void judge(bool settled);

  // All groups: most bytes first, then most blocks, then in order of appearance.
  std::vector<LeakGroup> take();

  // Live blocks that were not selected.
  const Amount& left_out() const noexcept { return left_out_; }

 private:
  static constexpr uint32_t kNoGroup = UINT32_MAX;
  // The evidence of one image about the growth of one group.
  struct Evidence {
    GrowthEvidence by_allocations;
    GrowthEvidence by_marks;
    bool any = false;

    void begin(const GrowthWindows& windows);
    void count(const GrowthWindows& windows, uint64_t birth, uint64_t change);
    GrowthFinding judge(const Amount& amount) const;
  };
  std::vector<uint32_t> groups_of_sites(const Image& image, const Sites& sites, StackResolver& stacks);
  uint32_t group_of(NodeId called, Domain domain);
  void count(const Image& image, const Block& block, int64_t start_ns, LeakGroup& group, uint32_t index);

  const Selection& selection_;
  CallTree& tree_;
  StackSelection stacks_;
  std::vector<LeakGroup> groups_;
  std::vector<uint32_t> last_image_;  // by group: the last image that was counted
  // By the stack of a group without frames that await: the stack with them, or itself if its blocks differ.
  tsl::robin_map<uint32_t, NodeId> shown_;
  tsl::robin_map<uint64_t, uint32_t, MixedHash> index_;
  uint32_t images_ = 0;
  // About the image that was added last.
  const GrowthWindows* windows_ = nullptr;
  std::vector<uint32_t> group_of_site_;
  std::vector<Evidence> evidence_;  // by group
  Amount left_out_;
};

}  // namespace cistern::analyzer
