// The pools of one or several processes at a moment, and their arena bytes over time: the analysis behind
// `cistern pools`.
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

// Why an image has no pools to show.
enum class NoPools : uint8_t {
  kPresent,  // it has pools
  kNoInterpreter,
  kNotCPython,
  kFreeThreaded,      // mimalloc instead of pymalloc
  kMallocSelected,    // by PYTHONMALLOC
  kMimallocSelected,  // by PYTHONMALLOC
  kNotRecorded,       // domain mem or obj is missing
  kNoOwnArena,        // a forked process: arenas inherited from its parent are not known
  kNoArena,
  kNotRunning,  // at the moment
};

struct ImagePools {
  ImageFacts facts;
  NoPools no_pools = NoPools::kPresent;
  bool forked = false;  // arenas inherited from the parent are not in `pools`
  PoolTable pools;      // at the moment; empty unless `no_pools` is kPresent
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
  // Free bytes in glibc's heaps, from the last sample before the moment, or else from the first sample.
  std::optional<uint64_t> malloc_free_bytes;
};

struct PoolFindings {
  CallTree tree;
  std::vector<ImagePools> image_pools;  // one for each image
  Pinning pinning;
  std::vector<PoolHolder> holders;
};

struct PoolQuestion {
  Moment at;
  GroupBy pins_by = GroupBy::kStack;
  std::optional<GroupBy> holders_by;  // not set: holders are not computed
  bool internals = false;             // as Selection::internals
};

// Replays every image once, or twice when the moment is the peak or the worst moment. `progress` may be null. Errors:
// Failure, exit code 2, when a profile has no such moment; exit code 3, when a profile does not contain the heap of
// that moment.
PoolFindings find_pools(const std::vector<Profile>& profiles, const PoolQuestion& question, Progress* progress);

}  // namespace cistern::analyzer
