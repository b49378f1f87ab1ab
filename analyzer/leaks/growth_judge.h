// The verdict on a group of survivors, from when they were born and how much its sites allocated in the same windows.
//
// A leak grows as its clock goes: its survivors are spread over the windows as the clock is, from where it began to the
// end, and they survive whatever their age. So two distances are looked at (Kolmogorov and Smirnov's, the greatest
// between two cumulated distributions): from the clock's own lengths, and from the allocations of the same sites. A
// bounded cache, a ring buffer or garbage that awaits a collection keeps young blocks and drops old ones: its survivors
// are far from its allocations. A cache that fills, or work that stopped, leaves a ramp. The youngest fifth has no say
// but that it goes on: what is in use just now is young.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/leaks/growth.h"

namespace cistern::analyzer {

struct GrowthEvidence {
  std::vector<uint64_t> lengths;    // of the windows, by their clock
  std::vector<uint64_t> survivors;  // by the window of their birth
  std::vector<uint64_t> allocated;  // by window
  uint64_t earlier = 0;             // survivors born before the first window
  bool settled = false;             // nothing among them is in use just now, or garbage that awaits a collection
};

// With windows joined until there are two survivors for each, but no fewer windows than `least`.
GrowthEvidence joined(GrowthEvidence evidence, uint64_t least);

// By windows of the allocation clock: kNone, kOneOff, kRamp or kSteady. Steady needs kMinWindows windows, at
// least one in kMinShareOfWindows of all, and kMinSurvivors survivors.
constexpr uint64_t kMinWindows = 10;
constexpr uint64_t kMinShareOfWindows = 8;
constexpr uint64_t kMinSurvivors = 30;
GrowthFinding judge_by_allocations(const GrowthEvidence& evidence);

// From mark to mark: kMarked or kNone. Each of at least kMinMarkedWindows intervals behind the first must have gained
// blocks, or as many of them as so few blocks can reach.
constexpr uint64_t kMinMarkedWindows = 3;
GrowthFinding judge_by_marks(const GrowthEvidence& evidence);

}  // namespace cistern::analyzer
