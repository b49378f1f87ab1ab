// Where the segments of a profile file lie, found by hopping from header to header. Unlike a scan (read/segment_scan.h)
// it verifies no checksum and so does not read the payloads: it takes milliseconds where a scan takes seconds. It
// allocates a few bytes a segment. Views point into the file's bytes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "analyzer/read/file_bytes.h"
#include "analyzer/read/found_segment.h"
#include "cistern/format/image_records.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

// Room between segments: reserved by a thread that was killed before it wrote.
struct Gap {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
};

struct ProfileOutline {
  std::map<SegmentKey, FoundSegment> segments;  // without one that the end of the file cuts short
  std::vector<Gap> gaps;
  uint64_t end = 0;  // where the next segment may go: behind the last one

  uint64_t events() const noexcept;
  // Of the last event or record; 0 when there is none.
  uint64_t last_time() const noexcept;
};

ProfileOutline outline_of(const FileBytes& file, const ProfileHeader& header);

// Whether a segment's payload is what was sealed. Reads it.
bool is_whole(const FoundSegment& segment) noexcept;

}  // namespace cistern::analyzer
