// The pools of one or several processes at a moment, and over their lives: what `cistern pools` rests on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/image_facts.h"
#include "analyzer/model/moment.h"
#include "analyzer/model/progress.h"
#include "analyzer/pools/pinning.h"
#include "analyzer/pools/pool_curve.h"
#include "analyzer/pools/pool_holders.h"
#include "analyzer/pools/pool_table.h"
#include "analyzer/read/profile.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

struct ImagePools {
  ImageFacts facts;
  // Why there is nothing to say of it; empty when there is.
  std::string absent;
  bool forked = false;  // the arenas that it inherited are not in it
  PoolTable pools;      // at the moment; empty when `absent` says so
  int64_t at_ns = 0;    // the moment, since the image's start
  int64_t worst_ns = 0;
  uint64_t worst_bytes = 0;  // held and unused
  uint64_t peak_arena_bytes = 0;
  struct Point {
    int64_t time_ns = 0;  // since the image's start
    uint64_t arena_bytes = 0;
    uint64_t used_bytes = 0;
  };
  std::vector<Point> curve;
  std::optional<uint64_t> malloc_free_bytes;  // held free by glibc at the last look before the moment, or the first
};

struct PoolFindings {
  CallTree tree;
  std::vector<ImagePools> images;
  Pinning pinning;
  std::vector<PoolHolder> holders;
};

struct PoolQuestion {
  Moment at;
  GroupBy pins_by = GroupBy::kStack;
  std::optional<GroupBy> holders_by;  // none: they are not looked for
  bool internals = false;             // as in Selection
};

// Replays every image once; twice for its peak and its worst moment. `progress` may be null. Errors: Failure, exit code
// 2, when there is no such moment in a profile; 3, when the heap of it is not in it.
PoolFindings find_pools(const std::vector<Profile>& profiles, const PoolQuestion& question, Progress* progress);

}  // namespace cistern::analyzer
