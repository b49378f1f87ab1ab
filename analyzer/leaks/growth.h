// Whether a group of survivors grew, and until when. The evidence is the births of the survivors, counted in windows of
// the allocation clock or between marks.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace cistern::analyzer {

enum class Growth : uint8_t {
  kNone,    // no growth: few blocks, or old blocks are freed as new ones come
  kOneOff,  // all blocks were allocated at about one moment
  kRamp,    // grew, then stopped
  kSteady,  // grew until the end
  kMarked,  // grew from mark to mark
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

// A verdict and its evidence.
struct GrowthFinding {
  Growth growth = Growth::kNone;
  uint32_t windows = 0;          // of the verdict: of the allocation clock, or between marks
  double fit = 0;                // 1: births are spread like the ticks of the clock; 0: not at all
  std::vector<uint64_t> births;  // survivors by their birth, in a few parts of equally many windows
  // Only for kMarked.
  double blocks_per_mark = 0;
  double bytes_per_mark = 0;
};

}  // namespace cistern::analyzer
