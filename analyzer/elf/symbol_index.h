// The functions in an ELF file's symbol table (.symtab, or .dynsym where that was stripped), by address. Of several
// names for one place the public one counts: "strdup" rather than "__strdup". Names are views into the file, which
// outlives this.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "analyzer/elf/elf_file.h"

namespace cistern::analyzer {

class SymbolIndex {
 public:
  SymbolIndex() = default;
  explicit SymbolIndex(const ElfFile& file);

  bool empty() const noexcept { return functions_.empty(); }

  struct Function {
    uint64_t begin = 0;
    uint64_t end = 0;
    std::string_view name;  // as it was linked
  };
  // The function that an address lies in; null when it lies in none.
  const Function* find(uint64_t address) const noexcept;

 private:
  void take_section(Elf* elf, Elf_Scn* section);
  void keep_best_names();
  void end_open_functions();

  std::vector<Function> functions_;  // in order of begin, each begin once
};

}  // namespace cistern::analyzer
