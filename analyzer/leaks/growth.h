// How a group of survivors came to be: did it grow, and does it still? Known from events alone, by windows of the
// allocation clock or from mark to mark, and by when the survivors were born.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace cistern::analyzer {

enum class Growth : uint8_t {
  kNone,    // no growth: few blocks, or old ones go as new ones come
  kOneOff,  // all were born at about one moment
  kRamp,    // it grew, and stopped
  kSteady,  // it grew on to the end
  kMarked,  // it grew from mark to mark
};
constexpr std::string_view name_of(Growth growth) noexcept {
  switch (growth) {
    case Growth::kNone:
      break;
    case Growth::kOneOff:
      return "one-off";
    case Growth::kRamp:
      return "ramp";
    case Growth::kSteady:
      return "steady";
    case Growth::kMarked:
      return "marked";
  }
  return "none";
}

// A verdict and what it rests on.
struct GrowthFinding {
  Growth growth = Growth::kNone;
  uint32_t windows = 0;          // over which it was judged: of the allocation clock, or between marks
  double fit = 0;                // 1: the survivors' births are spread just as the clock is; 0: not at all
  std::vector<uint64_t> births;  // survivors along the clock by when they were born, in a few parts of equal windows
  // For kMarked.
  double blocks_per_mark = 0;
  double bytes_per_mark = 0;
};

}  // namespace cistern::analyzer
