#include "analyzer/elf/symbol_index.h"

#include <gelf.h>

#include <algorithm>
#include <cstring>

namespace cistern::analyzer {
namespace {

Elf_Scn* section_of_type(Elf* elf, uint32_t type) {
  for (Elf_Scn* section = elf_nextscn(elf, nullptr); section != nullptr; section = elf_nextscn(elf, section)) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) != nullptr && header.sh_type == type) return section;
  }
  return nullptr;
}

bool is_function(const GElf_Sym& symbol) {
  const int type = GELF_ST_TYPE(symbol.st_info);
  if (symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0) return false;
  return type == STT_FUNC || type == STT_GNU_IFUNC || (type == STT_NOTYPE && symbol.st_size != 0);
}

size_t leading_underscores(std::string_view name) {
  return std::min(name.find_first_not_of('_'), name.size());
}

// Mangled C++ and Rust names begin with an underscore, although they are not private.
bool is_mangled(std::string_view name) {
  return name.starts_with("_Z") || name.starts_with("_R");
}

// Whether `a` is a better name than `b` for the same function.
bool is_better(std::string_view a, std::string_view b) {
  const size_t hidden_a = is_mangled(a) ? 0 : leading_underscores(a);
  const size_t hidden_b = is_mangled(b) ? 0 : leading_underscores(b);
  if (hidden_a != hidden_b) return hidden_a < hidden_b;
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

}  // namespace

SymbolIndex::SymbolIndex(const ElfFile& file) {
  if (!file.is_open()) return;
  Elf_Scn* section = section_of_type(file.elf(), SHT_SYMTAB);
  if (section == nullptr) section = section_of_type(file.elf(), SHT_DYNSYM);
  if (section == nullptr) return;
  take_section(file.elf(), section);
  keep_best_names();
  end_open_functions();
}

void SymbolIndex::take_section(Elf* elf, Elf_Scn* section) {
  GElf_Shdr header;
  Elf_Data* const data = elf_getdata(section, nullptr);
  if (data == nullptr || gelf_getshdr(section, &header) == nullptr || header.sh_entsize == 0) return;
  const uint64_t count = std::min<uint64_t>(header.sh_size, data->d_size) / header.sh_entsize;
  for (uint64_t i = 0; i < std::min<uint64_t>(count, INT32_MAX); ++i) {
    GElf_Sym symbol;
    if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr || !is_function(symbol)) continue;
    const char* const name = elf_strptr(elf, header.sh_link, symbol.st_name);
    if (name == nullptr || *name == '\0') continue;
    const uint64_t end = symbol.st_value + symbol.st_size;
    if (end >= symbol.st_value) functions_.push_back({symbol.st_value, end, name});
  }
}

// "strcpy@@GLIBC_2.2.5" in .symtab is "strcpy".
void SymbolIndex::keep_best_names() {
  for (Function& function : functions_) function.name = function.name.substr(0, function.name.find('@'));
  std::sort(functions_.begin(), functions_.end(), [](const Function& a, const Function& b) {
    return a.begin != b.begin ? a.begin < b.begin : is_better(a.name, b.name);
  });
  const auto same = [](const Function& a, const Function& b) { return a.begin == b.begin; };
  functions_.erase(std::unique(functions_.begin(), functions_.end(), same), functions_.end());
}

// A function without a size extends to the next function.
void SymbolIndex::end_open_functions() {
  for (size_t i = 0; i < functions_.size(); ++i) {
    if (functions_[i].end != functions_[i].begin) continue;
    functions_[i].end = i + 1 < functions_.size() ? functions_[i + 1].begin : functions_[i].begin + 1;
  }
}

// A function may lie within another one: an assembly label.
const SymbolIndex::Function* SymbolIndex::find(uint64_t address) const noexcept {
  constexpr int kNested = 8;
  auto at = std::upper_bound(functions_.begin(), functions_.end(), address,
                             [](uint64_t wanted, const Function& function) { return wanted < function.begin; });
  for (int i = 0; i < kNested && at != functions_.begin(); ++i) {
    --at;
    if (address < at->end) return &*at;
  }
  return nullptr;
}

}  // namespace cistern::analyzer
