// Finds the blocks that pin arenas. pymalloc returns an arena to the system only when its last block is freed, so a few
// surviving blocks pin the whole arena. The search covers mostly free arenas: those with at most half of their bytes in
// use.
//
// Survivors are grouped by the code that allocated them. The main figure of a group is `returned_bytes`: the bytes that
// the system gets back when the blocks of this group, and no others, are freed. An arena counts there only if all its
// blocks belong to the group. An arena with blocks of several groups is returned when the last of these groups is
// freed; `cumulative_returned_bytes` counts it at that group. pymalloc caches one empty arena, so one arena may stay.
//
// Not thread-safe.
#pragma once

#include <tsl/robin_map.h>

#include <array>
#include <cstdint>
#include <vector>

#include "analyzer/model/heap_model.h"
#include "analyzer/pools/block_groups.h"
#include "analyzer/pools/pool_table.h"
#include "analyzer/read/mixed_hash.h"

namespace cistern::analyzer {

struct PinGroup {
  NodeId stack{};
  uint64_t exclusive_arenas = 0;           // arenas with blocks of this group only
  uint64_t returned_bytes = 0;             // size of the exclusive arenas
  uint64_t shared_arenas = 0;              // arenas with blocks of this group and of others
  uint64_t cumulative_returned_bytes = 0;  // returned when this group and all groups before it are freed
  uint64_t blocks = 0;                     // survivors in mostly free arenas
  uint64_t bytes = 0;                      // of the survivors, rounded up to their size classes
  uint64_t allocated_blocks = 0;           // all blocks that the same code has allocated so far
  int64_t median_age_ns = 0;
  std::array<uint64_t, kSizeClasses> blocks_of_class{};

  // One in N blocks that this code allocated has survived. Returns N; 0 without survivors.
  uint64_t one_in() const noexcept { return blocks == 0 ? 0 : allocated_blocks / blocks; }
  size_t main_class() const noexcept;  // index of the size class with most survivors
};

struct Pinning {
  std::vector<PinGroup> groups;  // most returned bytes first, then most shared arenas, then most blocks
  uint64_t arenas = 0;           // mostly free arenas with at least one used block
  uint64_t arena_bytes = 0;
};

class PinSearch {
 public:
  // Requires: `tree` outlives this object.
  PinSearch(CallTree& tree, GroupBy by) : tree_(tree), by_(by) {}

  // Adds an image. `model` and `pools` are the state of `image` at `time`.
  void add(const Image& image, const HeapModel& model, const PoolTable& pools, uint64_t time);
  // Returns the result for all images and empties this object.
  Pinning take();

 private:
  struct PinnedArena {
    uint64_t bytes = 0;
    uint32_t groups = 0;     // with a block in the arena
    uint32_t last_rank = 0;  // of these groups: the rank of the last one
  };
  struct Pin {  // a group has a block in an arena
    uint32_t arena = 0;
    uint32_t group = 0;
  };

  std::vector<uint32_t> add_mostly_free_arenas(const PoolTable& pools);
  uint32_t index_of(NodeId node);
  void add_pin(uint32_t arena, uint32_t group);
  void sum_up_groups();
  void rank_groups();

  CallTree& tree_;
  GroupBy by_;
  std::vector<PinnedArena> arenas_;  // of all images
  std::vector<PinGroup> groups_;
  std::vector<std::vector<int64_t>> ages_;  // by group
  std::vector<Pin> pins_;
  tsl::robin_map<uint64_t, uint32_t, MixedHash> index_;  // of a group, by node
  tsl::robin_map<uint64_t, bool, MixedHash> is_pinned_;  // by arena << 32 | group
};

}  // namespace cistern::analyzer
