// Reads a window: segments that are not yet in the profile, and the loss counters. Everything is copied, because the
// program may still write to the window. A segment that changes while it is copied is left out, because it is then in
// the profile. So a reader reads the window before the profile.
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
  uint64_t file_end = 0;  // where the profile's segments end
  std::array<uint64_t, kCounters> counters{};
  StopState stop{};                    // time 0: recording has not stopped
  std::vector<FoundSegment> segments;  // owned and sealed; `last_time` and `event_count` may be 0
  std::vector<std::unique_ptr<uint8_t[]>> storage;
};

// Reads the window at `path`. If the program was killed before it wrote the header, the header is zero and damaged, and
// there are no segments. Errors: Failure, exit code 3, if `path` is not a window that this version reads.
WindowFile read_window(const std::string& path);

}  // namespace cistern::analyzer
