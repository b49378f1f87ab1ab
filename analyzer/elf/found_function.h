// The result of looking up an address in an ELF file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cistern/format/definition_records.h"

namespace cistern::analyzer {

struct FoundFunction {
  std::string function;  // demangled; empty: unknown
  std::string file;      // source file; empty: unknown
  uint32_t line = 0;     // 0: unknown
};

// The functions at an address, innermost first. Each function is inlined into the next one.
struct FoundPlace {
  SymbolSource source = SymbolSource::kNone;
  std::vector<FoundFunction> functions;
};

}  // namespace cistern::analyzer
