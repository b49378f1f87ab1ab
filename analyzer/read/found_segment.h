// A segment that was found in a profile or in a window: its header, and a view of the valid part of its payload. The
// file or window must outlive it.
#pragma once

#include <cstdint>
#include <span>
#include <tuple>

#include "cistern/format/segment.h"

namespace cistern::analyzer {

// Identifies a segment: segments with equal keys in a file and in a window are the same segment.
struct SegmentKey {
  uint32_t stream_id = 0;
  uint64_t sequence = 0;
  auto operator<=>(const SegmentKey&) const = default;
};

struct FoundSegment {
  SegmentHeader header{};
  std::span<const uint8_t> payload;
  uint64_t offset = 0;  // of the header, in the file it was found in
  bool in_window = false;

  SegmentKey key() const noexcept { return {header.stream_id, header.sequence}; }
};

}  // namespace cistern::analyzer
