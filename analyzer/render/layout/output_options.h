// How a report is written: as text or JSON, and how much of its lists it shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace cistern::analyzer {

struct OutputOptions {
  bool json = false;
  std::optional<size_t> top;    // rows or groups; 0: all; unset: a screenful of text, all of JSON
  std::optional<size_t> depth;  // frames of a stack; 0: all; unset: a few in text, all in JSON

  // The number to show, SIZE_MAX for all. `unset` is the number when the user gave none; 0: all.
  size_t top_or(size_t unset) const noexcept { return limit(top.value_or(unset)); }
  size_t depth_or(size_t unset) const noexcept { return limit(depth.value_or(unset)); }

 private:
  static size_t limit(size_t number) noexcept { return number == 0 ? SIZE_MAX : number; }
};

}  // namespace cistern::analyzer
