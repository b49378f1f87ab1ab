// Looks up what the native addresses of a profile are, in the files on this machine, and adds that to the profile: so
// that it can be read where these files are not, or when they have changed. What the profile has is not looked up
// again, unless it came from a symbol table and there is debug information by now. Errors: Failure.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/model/progress.h"
#include "analyzer/symbols/symbolizer.h"

namespace cistern::analyzer {

struct SymbolCounts {
  uint64_t addresses = 0;      // that are in a known module
  uint64_t lines = 0;          // of them: function, file and line are known
  uint64_t functions = 0;      // of the rest: the function is
  uint64_t added = 0;          // addresses of which more is known now
  uint64_t written_bytes = 0;  // that the profile is larger by

  void add(const SymbolCounts& other) noexcept;
};

enum class SymbolWriting : uint8_t {
  // By who has made the profile and gave it to nobody yet, and is waited for: of what comes with Python, libc among
  // it, it has the functions alone.
  kAppend,
  kReplace,  // a copy takes the profile's place: at any moment it is whole, with what was added or without
};

// Requires: the image has ended, its window is finalized. `progress`, which may be null, is told of addresses.
SymbolCounts add_symbols(const std::string& profile, Symbolizer& symbolizer,
                         SymbolWriting writing = SymbolWriting::kAppend, Progress* progress = nullptr);

}  // namespace cistern::analyzer
