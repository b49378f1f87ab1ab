// Where the segments of a profile file lie. Follows the segment headers from one to the next and, unlike a scan
// (read/segment_scan.h), does not read payloads or verify checksums: milliseconds instead of seconds.
// Views point into the file's bytes.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "analyzer/read/file_bytes.h"
#include "analyzer/read/found_segment.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

// Space between segments: a thread reserved it and was killed before it wrote.
struct Gap {
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
};

struct ProfileOutline {
  std::map<SegmentKey, FoundSegment> segments;  // without a segment that the end of the file truncates
  std::vector<Gap> gaps;
  uint64_t end = 0;  // offset for the next segment: behind the last one

  uint64_t events() const noexcept;
  // Of the last event or record; 0 when there is none.
  uint64_t last_time() const noexcept;
};

ProfileOutline outline_of(const FileBytes& file, const ProfileHeader& header);

// Whether both are headers of the same image and generation.
bool same_image(const ProfileHeader& a, const ProfileHeader& b) noexcept;

// Whether the payload matches the segment's checksum. Reads the payload.
bool is_whole(const FoundSegment& segment) noexcept;

}  // namespace cistern::analyzer
