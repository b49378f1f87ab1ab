// A source file as it is on this machine now, if it can be read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cistern::analyzer {

struct SourceText {
  std::vector<std::string> lines;  // without their newlines; line 1 is the first; empty when it cannot be read
  bool changed = false;            // since `recorded_unix_ns`

  bool readable() const noexcept { return !lines.empty(); }
  // Empty when the file has no such line.
  std::string line(uint64_t number) const { return number - 1 < lines.size() ? lines[number - 1] : std::string(); }
  // The nearest line before `number` that begins the function or class around it, by indentation; 0: none.
  uint64_t header_of(uint64_t number) const;
};

// Reads the first readable file of `paths`. Files larger than 16 MiB are skipped.
SourceText read_source(const std::vector<std::string>& paths, uint64_t recorded_unix_ns);

}  // namespace cistern::analyzer
