// Who pins arenas. An arena goes back to the system only when its last block is freed, so a few survivors keep all of
// it. Looked at are the arenas that are mostly free: no more than half of their bytes used.
//
// The figure of a group of survivors is what would come back if they and nothing else were freed: the arenas in which
// there is no block of anybody else. An arena that several groups keep is nobody's alone, and comes back only when all
// of them go; `returned_with_above` has it at the last of them. (pymalloc keeps one empty arena for later, so the last
// one may stay.)
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
  uint64_t arenas = 0;               // which it keeps alone
  uint64_t returned_bytes = 0;       // theirs
  uint64_t shared_arenas = 0;        // which others keep, too
  uint64_t returned_with_above = 0;  // bytes that come back when this and all groups before it are freed
  uint64_t blocks = 0;               // its survivors in mostly free arenas
  uint64_t bytes = 0;                // of their classes
  uint64_t allocated_blocks = 0;     // by the code that made the survivors, up to then
  int64_t median_age_ns = 0;
  std::array<uint64_t, kSizeClasses> blocks_of_class{};

  // One in so many blocks that this code made has survived.
  uint64_t one_in() const noexcept { return blocks == 0 ? 0 : allocated_blocks / blocks; }
  size_t main_class() const noexcept;  // index of the class of most of its survivors
};

struct Pinning {
  std::vector<PinGroup> groups;  // most returned bytes first, then most shared arenas, then most blocks
  uint64_t arenas = 0;           // mostly free ones with a block in them
  uint64_t arena_bytes = 0;
};

class PinSearch {
 public:
  // `tree` outlives this.
  PinSearch(CallTree& tree, GroupBy by) : tree_(tree), by_(by) {}

  // `model` and `pools` are those of `image` at `time`.
  void add(const Image& image, const HeapModel& model, const PoolTable& pools, uint64_t time);
  Pinning take();

 private:
  struct PinnedArena {
    uint64_t bytes = 0;
    uint32_t holders = 0;
    uint32_t last_rank = 0;  // of the last of them
  };
  struct Hold {  // a group's of an arena
    uint32_t arena = 0;
    uint32_t group = 0;
  };

  std::vector<uint32_t> choose(const PoolTable& pools);
  uint32_t index_of(NodeId node);
  void hold(uint32_t arena, uint32_t group);
  void share_out();
  void rank();

  CallTree& tree_;
  GroupBy by_;
  std::vector<PinnedArena> arenas_;  // of all images
  std::vector<PinGroup> groups_;
  std::vector<std::vector<int64_t>> ages_;  // by group
  std::vector<Hold> holds_;
  tsl::robin_map<uint64_t, uint32_t, MixedHash> index_;  // of a group, by node
  tsl::robin_map<uint64_t, bool, MixedHash> held_;       // arena << 32 | group
};

}  // namespace cistern::analyzer
