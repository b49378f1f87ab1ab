// The verdict on a group of survivors, from their births and from the allocations of its sites, counted in windows.
//
// The births of a leak are spread over the windows like the ticks of the clock, from its beginning to the end, and its
// blocks survive whatever their age. So two distances are computed (Kolmogorov-Smirnov: the greatest difference between
// two cumulative distributions): between births and ticks, and between births and allocations. A bounded cache, a ring
// buffer or garbage that waits for a collection keeps young blocks and frees old ones, so its births differ from its
// allocations. A cache that fills, or work that stops, leaves a ramp. The youngest fifth of the windows only shows
// whether growth continues, because blocks in use are young.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/leaks/growth.h"

namespace cistern::analyzer {

struct GrowthEvidence {
  std::vector<uint64_t> lengths;    // of the windows, in ticks of their clock
  std::vector<uint64_t> survivors;  // by window of their birth
  std::vector<uint64_t> allocated;  // by window
  uint64_t earlier = 0;             // survivors born before the first window
  bool settled = false;             // no survivor is in use or is garbage that waits for a collection
};

// Joins windows until there are two survivors per window, but keeps at least `least` windows.
GrowthEvidence joined(GrowthEvidence evidence, uint64_t least);

// By windows of the allocation clock: kNone, kOneOff, kRamp or kSteady. kSteady needs kMinSurvivors survivors and
// kMinWindows windows, or 1 / kMinShareOfWindows of all windows if that is more.
constexpr uint64_t kMinWindows = 10;
constexpr uint64_t kMinShareOfWindows = 8;
constexpr uint64_t kMinSurvivors = 30;
GrowthFinding judge_by_allocations(const GrowthEvidence& evidence);

// From mark to mark: kMarked or kNone. kMarked needs kMinMarkedWindows intervals after the first, and survivors in
// each, or in as many as random births would fill.
constexpr uint64_t kMinMarkedWindows = 3;
GrowthFinding judge_by_marks(const GrowthEvidence& evidence);

}  // namespace cistern::analyzer
