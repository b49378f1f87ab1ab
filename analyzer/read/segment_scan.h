// Finds the segments of a profile. A segment counts only if it lies completely in the file, belongs to the image, and
// has the right checksum. Behind damage the scan continues where the next segment can begin.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/read/file_bytes.h"
#include "analyzer/read/found_segment.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

// A stretch between readable segments. The zeros at its end are a hole: space that was reserved and never written.
struct DamagedStretch {
  uint64_t offset = 0;
  uint64_t unreadable_bytes = 0;  // bytes up to the last one that is not zero
  uint64_t hole_bytes = 0;        // zeros behind them
  std::string reason;
  bool names_segment = false;  // the segment header was readable: `key` identifies the segment
  SegmentKey key;
};

struct SegmentScan {
  std::vector<FoundSegment> segments;  // in file order
  std::vector<DamagedStretch> damage;  // in file order
};

// Scans `file` behind its header page. A segment with another pid or generation than `header` is damage, unless
// `any_image` is set, because the header is damaged. Reads the file once and keeps none of its pages in memory.
SegmentScan scan_segments(const FileBytes& file, const ProfileHeader& header, bool any_image);

}  // namespace cistern::analyzer
