// Finds the segments of a profile file. Trusts nothing: a segment counts only if it lies whole in the file, belongs to
// the image and its checksum is right. Behind damage the scan goes on at the next place where a segment may begin.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/read/file_bytes.h"
#include "analyzer/read/found_segment.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

// A stretch between readable segments. Bytes after the last one that is not zero are a hole: room that was reserved
// and never written.
struct DamagedStretch {
  uint64_t offset = 0;
  uint64_t unreadable_bytes = 0;  // up to the last byte that is not zero
  uint64_t hole_bytes = 0;        // behind them
  std::string reason;
  bool names_segment = false;  // a header was readable: `key` says which segment is torn here
  SegmentKey key;
};

struct SegmentScan {
  std::vector<FoundSegment> segments;  // in file order
  std::vector<DamagedStretch> damage;  // in file order
};

// Scans `file` from the end of its first page. Segments of another process or generation than `header`'s are damage.
// With `any_image` (the header is damaged) whatever is whole counts. Reads the file once and keeps no page of it
// mapped.
SegmentScan scan_segments(const FileBytes& file, const ProfileHeader& header, bool any_image);

}  // namespace cistern::analyzer
