// `cistern dump`: a profile's segments, records and events as text, one a line, for finding out what is in a file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/read/failure.h"

namespace cistern::analyzer {

struct DumpOptions {
  std::vector<std::string> paths;
  bool segments = false;  // none of the three: all of them
  bool records = false;
  bool events = false;
  std::optional<uint32_t> stream_id;
  double from_s = 0;  // since the image's start; of events
  double to_s = 1e12;
  uint64_t limit = UINT64_MAX;  // lines of records, and as many of events, of each image
};

// Prints the dump. Returns the exit code. Errors: Failure.
ExitCode report_dump(const DumpOptions& options);

}  // namespace cistern::analyzer
