// DWARF: the functions that an address lies in, inlined ones among them, with their files and lines, as libdw reads it.
// Nothing is searched before the first address is asked for: then the ranges of all compilation units, and of each unit
// that is hit its functions, once.
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
  // `file` outlives this. Without debug information in it there is none.
  explicit DebugInfo(const ElfFile& file);
  ~DebugInfo();
  DebugInfo(DebugInfo&& other) noexcept;
  DebugInfo& operator=(DebugInfo&& other) noexcept;

  bool is_there() const noexcept { return dwarf_ != nullptr; }

  // Innermost first; empty when nothing is known. A function may have no name, when only its line is known.
  std::vector<FoundFunction> find(uint64_t address);

 private:
  struct Range {
    uint64_t begin = 0;
    uint64_t end = 0;
    size_t index = 0;  // of a unit, or of a function of a unit
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
