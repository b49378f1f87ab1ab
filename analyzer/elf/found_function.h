// What an ELF file says of one of its addresses.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cistern/format/definition_records.h"

namespace cistern::analyzer {

struct FoundFunction {
  std::string function;  // readable; empty: unknown
  std::string file;      // of the source; empty: unknown
  uint32_t line = 0;     // 0: unknown
};

// The functions that an address lies in: the innermost first, each inlined into the one behind it.
struct FoundPlace {
  SymbolSource source = SymbolSource::kNone;
  std::vector<FoundFunction> functions;
};

}  // namespace cistern::analyzer
