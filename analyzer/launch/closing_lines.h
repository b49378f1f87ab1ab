// The lines that `cistern run` prints when the program has ended: what was recorded, where, and the next command.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/launch/collect.h"
#include "cistern/format/options.h"

namespace cistern::analyzer {

struct RunFacts {
  uint64_t duration_ns = 0;
  Follow follow = Follow::kPython;
  RingMode ring = RingMode::kSpill;
  std::string directory;  // the working directory, absolute: paths below it are shown relative to it
  std::string invoked;    // the first word of the command line: how the user calls cistern
};

// `path`, relative to `directory` if it lies below it.
std::string shown_path(const std::string& path, const std::string& directory);

// The lines, each with its newline.
std::string closing_lines(const CollectedRun& collected, const RunFacts& facts);

}  // namespace cistern::analyzer
