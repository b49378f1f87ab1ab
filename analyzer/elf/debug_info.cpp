#include "analyzer/elf/debug_info.h"

#include <dwarf.h>

#include <algorithm>
#include <utility>

#include "analyzer/elf/demangle.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kDeepest = 64;        // nested scopes; real programs have fewer
constexpr size_t kMostInlined = 256;   // functions at one address
constexpr size_t kMostRanges = 65536;  // of one DWARF entry

// DWARF scopes that may contain functions.
bool holds_functions(int tag) {
  return tag == DW_TAG_namespace || tag == DW_TAG_class_type || tag == DW_TAG_structure_type ||
         tag == DW_TAG_union_type || tag == DW_TAG_enumeration_type || tag == DW_TAG_module || tag == DW_TAG_subprogram;
}

bool is_scope(int tag) {
  return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block || tag == DW_TAG_try_block ||
         tag == DW_TAG_catch_block || tag == DW_TAG_with_stmt;
}

std::string text_of(Dwarf_Die& die, unsigned name) {
  Dwarf_Attribute attribute;
  if (dwarf_attr_integrate(&die, name, &attribute) == nullptr) return {};
  const char* const text = dwarf_formstring(&attribute);
  return text == nullptr ? std::string{} : std::string(text);
}

std::string function_name(Dwarf_Die& die) {
  std::string linked = text_of(die, DW_AT_linkage_name);
  if (linked.empty()) linked = text_of(die, DW_AT_MIPS_linkage_name);
  return linked.empty() ? text_of(die, DW_AT_name) : readable_name(linked);
}

uint64_t number_of(Dwarf_Die& die, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (dwarf_attr(&die, name, &attribute) == nullptr || dwarf_formudata(&attribute, &value) != 0) return 0;
  return value;
}

uint32_t as_line(uint64_t line) {
  return line <= INT32_MAX ? static_cast<uint32_t>(line) : 0;
}

FoundFunction line_at(Dwarf_Die& unit, uint64_t address) {
  FoundFunction place;
  Dwarf_Line* const line = dwarf_getsrc_die(&unit, address);
  if (line == nullptr) return place;
  int number = 0;
  if (const char* const file = dwarf_linesrc(line, nullptr, nullptr)) place.file = file;
  if (dwarf_lineno(line, &number) == 0 && number > 0) place.line = static_cast<uint32_t>(number);
  return place;
}

// The file and line of the call of an inlined function.
FoundFunction call_of(Dwarf_Die& unit, Dwarf_Die& inlined) {
  FoundFunction place;
  place.line = as_line(number_of(inlined, DW_AT_call_line));
  Dwarf_Files* files = nullptr;
  size_t count = 0;
  const uint64_t index = number_of(inlined, DW_AT_call_file);
  if (dwarf_getsrcfiles(&unit, &files, &count) == 0 && index < count) {
    if (const char* const file = dwarf_filesrc(files, index, nullptr, nullptr)) place.file = file;
  }
  return place;
}

// The entry of the function and of the functions inlined into it at the address, outermost first.
std::vector<Dwarf_Die> inlined_at(const Dwarf_Die& function, uint64_t address) {
  std::vector<Dwarf_Die> chain{function};
  Dwarf_Die scope = function;
  for (size_t depth = 0; depth < kMostInlined; ++depth) {
    Dwarf_Die child;
    if (dwarf_child(&scope, &child) != 0) break;
    bool found = false;
    do {
      const int tag = dwarf_tag(&child);
      found = is_scope(tag) && dwarf_haspc(&child, address) == 1;
      if (!found) continue;
      if (tag == DW_TAG_inlined_subroutine) chain.push_back(child);
      scope = child;
    } while (!found && dwarf_siblingof(&child, &child) == 0);
    if (!found) break;
  }
  return chain;
}

}  // namespace

DebugInfo::DebugInfo(const ElfFile& file) {
  if (file.is_open()) dwarf_ = dwarf_begin_elf(file.elf(), DWARF_C_READ, nullptr);
}

DebugInfo::~DebugInfo() {
  if (dwarf_ != nullptr) dwarf_end(dwarf_);
}

DebugInfo::DebugInfo(DebugInfo&& other) noexcept {
  *this = std::move(other);
}

DebugInfo& DebugInfo::operator=(DebugInfo&& other) noexcept {
  std::swap(dwarf_, other.dwarf_);
  std::swap(indexed_, other.indexed_);
  std::swap(units_, other.units_);
  std::swap(unit_ranges_, other.unit_ranges_);
  return *this;
}

void DebugInfo::add_ranges(Dwarf_Die& die, size_t index, std::vector<Range>& ranges) {
  Dwarf_Addr base = 0, begin = 0, end = 0;
  ptrdiff_t at = 0;
  for (size_t i = 0; i < kMostRanges; ++i) {
    at = dwarf_ranges(&die, at, &base, &begin, &end);
    if (at <= 0) break;
    if (begin < end) ranges.push_back({begin, end, index});
  }
}

// Returns the innermost range that contains the address; ranges may be nested, up to kNested deep.
const DebugInfo::Range* DebugInfo::range_at(const std::vector<Range>& ranges, uint64_t address) noexcept {
  constexpr int kNested = 8;
  auto at = std::upper_bound(ranges.begin(), ranges.end(), address,
                             [](uint64_t wanted, const Range& range) { return wanted < range.begin; });
  for (int i = 0; i < kNested && at != ranges.begin(); ++i) {
    --at;
    if (address < at->end) return &*at;
  }
  return nullptr;
}

namespace {

constexpr auto by_begin = [](const auto& a, const auto& b) { return a.begin < b.begin; };

}  // namespace

void DebugInfo::index_units() {
  indexed_ = true;
  Dwarf_CU* cu = nullptr;
  Dwarf_Die die;
  uint8_t type = 0;
  while (dwarf_get_units(dwarf_, cu, &cu, nullptr, &type, &die, nullptr) == 0) {
    if (type != DW_UT_compile && type != DW_UT_skeleton) continue;
    add_ranges(die, units_.size(), unit_ranges_);
    units_.push_back({die, false, {}, {}});
  }
  std::stable_sort(unit_ranges_.begin(), unit_ranges_.end(), by_begin);
}

void DebugInfo::index_functions(Unit& unit) {
  unit.indexed = true;
  std::vector<Dwarf_Die> open{unit.die};  // path of entries from the unit down to the current one
  Dwarf_Die die;
  bool more = dwarf_child(&unit.die, &die) == 0;
  while (!open.empty()) {
    if (!more) {
      die = open.back();
      open.pop_back();
      more = !open.empty() && dwarf_siblingof(&die, &die) == 0;
      continue;
    }
    const int tag = dwarf_tag(&die);
    if (tag == DW_TAG_subprogram) {
      add_ranges(die, unit.functions.size(), unit.ranges);
      unit.functions.push_back(die);
    }
    Dwarf_Die child;
    if (holds_functions(tag) && open.size() < kDeepest && dwarf_child(&die, &child) == 0) {
      open.push_back(die);
      die = child;
      continue;
    }
    more = dwarf_siblingof(&die, &die) == 0;
  }
  std::stable_sort(unit.ranges.begin(), unit.ranges.end(), by_begin);
}

std::vector<FoundFunction> DebugInfo::find_in(Unit& unit, uint64_t address) {
  if (!unit.indexed) index_functions(unit);
  std::vector<FoundFunction> found;
  FoundFunction place = line_at(unit.die, address);
  const Range* const range = range_at(unit.ranges, address);
  if (range == nullptr) {
    if (place.line != 0) found.push_back(place);
    return found;
  }
  std::vector<Dwarf_Die> chain = inlined_at(unit.functions[range->index], address);
  for (size_t i = chain.size(); i-- != 0;) {
    place.function = function_name(chain[i]);
    found.push_back(place);
    if (i != 0) place = call_of(unit.die, chain[i]);
  }
  return found;
}

std::vector<FoundFunction> DebugInfo::find(uint64_t address) {
  if (dwarf_ == nullptr) return {};
  if (!indexed_) index_units();
  const Range* const range = range_at(unit_ranges_, address);
  return range == nullptr ? std::vector<FoundFunction>{} : find_in(units_[range->index], address);
}

}  // namespace cistern::analyzer
