// The DWARF debug information of an ELF file, read by libdw: the functions at an address, including inlined functions,
// with their files and lines. The first look-up indexes the address ranges of all compilation units; the first look-up
// in a unit indexes its functions. Not thread-safe.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/elf/elf_file.h"
#include "analyzer/elf/found_function.h"

namespace cistern::analyzer {

class DebugInfo {
 public:
  DebugInfo() = default;
  // Requires: `file` outlives this object. It need not contain debug information.
  explicit DebugInfo(const ElfFile& file);
  ~DebugInfo();
  DebugInfo(DebugInfo&& other) noexcept;
  DebugInfo& operator=(DebugInfo&& other) noexcept;

  bool is_there() const noexcept { return dwarf_ != nullptr; }

  // Returns the functions at an address, innermost first; empty when nothing is known. A function may have a line and
  // no name.
  std::vector<FoundFunction> find(uint64_t address);

 private:
  struct Range {
    uint64_t begin = 0;
    uint64_t end = 0;
    size_t index = 0;  // of a unit, or of a function in a unit
  };
  struct Unit {
    Dwarf_Die die{};
    bool indexed = false;
    std::vector<Dwarf_Die> functions;
    std::vector<Range> ranges;
  };

  void index_units();
  static void index_functions(Unit& unit);
  static void add_ranges(Dwarf_Die& die, size_t index, std::vector<Range>& ranges);
  static const Range* range_at(const std::vector<Range>& ranges, uint64_t address) noexcept;
  std::vector<FoundFunction> find_in(Unit& unit, uint64_t address);

  Dwarf* dwarf_ = nullptr;
  bool indexed_ = false;
  std::vector<Unit> units_;
  std::vector<Range> unit_ranges_;
};

}  // namespace cistern::analyzer
