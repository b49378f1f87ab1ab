// The functions in the symbol table of an ELF file, by address: .symtab, or .dynsym when the file is stripped. Of
// several names at one address the public one is kept: "strdup", not "__strdup". Names are views into the file.
// Immutable after construction.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "analyzer/elf/elf_file.h"

namespace cistern::analyzer {

class SymbolIndex {
 public:
  SymbolIndex() = default;
  // Requires: `file` outlives this object.
  explicit SymbolIndex(const ElfFile& file);

  bool empty() const noexcept { return functions_.empty(); }

  struct Function {
    uint64_t begin = 0;
    uint64_t end = 0;
    std::string_view name;  // mangled
  };
  // Returns the function that contains an address, or null.
  const Function* find(uint64_t address) const noexcept;

 private:
  void take_section(Elf* elf, Elf_Scn* section);
  void keep_best_names();
  void end_open_functions();

  std::vector<Function> functions_;  // sorted by begin; begins are unique
};

}  // namespace cistern::analyzer
