// `cistern dump`: the segments, records and events of a profile as text, one per line, to inspect a file.
#pragma once

#include <cstdint>
#include <optional>

#include "analyzer/read/image.h"

namespace cistern::analyzer {

struct DumpOptions {
  bool segments = false;  // if none of the three is set, all are printed
  bool records = false;
  bool events = false;
  std::optional<uint32_t> stream_id;
  double from_s = 0;  // events: seconds since the start of the image
  double to_s = 1e12;
  uint64_t limit = UINT64_MAX;  // number of records, and number of events, of each image
};

// Writes to standard output piece by piece. Errors: Failure, exit code 3.
void write_dump(const Image& image, const DumpOptions& options);

}  // namespace cistern::analyzer
