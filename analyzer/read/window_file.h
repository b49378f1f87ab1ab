// What a window still holds: segments that had not reached the profile file, and the loss counters. Everything is
// copied out, so that a program that is still writing cannot change it under the reader's feet; a segment that moved on
// while it was copied is left out, for then the profile file has it (read the window first).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/read/found_segment.h"
#include "analyzer/read/header_page.h"
#include "cistern/format/window_layout.h"

namespace cistern::analyzer {

struct WindowFile {
  std::string path;
  FoundHeader header;
  uint64_t file_end = 0;  // where the profile file's segments end
  std::array<uint64_t, kCounters> counters{};
  std::vector<FoundSegment> segments;  // owned and sealed ones; `last_time` and `event_count` may be 0
  std::vector<std::unique_ptr<uint8_t[]>> storage;
};

// A window whose program was killed before its header was written has a damaged header of zeros, and no segments.
// Errors: Failure, exit code 3, when `path` is no window that this version reads.
WindowFile read_window(const std::string& path);

}  // namespace cistern::analyzer
