// Adds the names of a profile's native functions to the profile, so that it can be read where the program's files are
// missing or have changed. An address that has a name is looked up again only if the name came from a symbol table and
// debug information may be available now. Errors: Failure.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/model/progress.h"
#include "analyzer/symbols/symbolizer.h"

namespace cistern::analyzer {

struct SymbolCounts {
  uint64_t addresses = 0;      // native addresses in known modules
  uint64_t lines = 0;          // of these: function, file and line are known
  uint64_t functions = 0;      // of these: only the function is known
  uint64_t added = 0;          // addresses with new names
  uint64_t written_bytes = 0;  // by which the profile grew

  void add(const SymbolCounts& other) noexcept;
};

enum class SymbolWriting : uint8_t {
  // Append to the file. For `cistern run`, whose user waits and whose profile nobody reads yet. Modules that come with
  // Python, and libc, get function names only.
  kAppend,
  // Write a copy and rename it over the profile: readers see the old profile or the new one.
  kReplace,
};

// Requires: the image has ended and is finalized. `progress`, which may be null, counts addresses.
SymbolCounts add_symbols(const std::string& profile, Symbolizer& symbolizer,
                         SymbolWriting writing = SymbolWriting::kAppend, Progress* progress = nullptr);

}  // namespace cistern::analyzer
