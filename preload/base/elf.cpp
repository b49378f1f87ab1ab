#include "preload/base/elf.h"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstring>

#include "preload/arch/arch.h"

namespace cistern::preload {
namespace {

std::string_view build_id_in(const char* notes, size_t size) noexcept {
  while (size >= sizeof(ElfW(Nhdr))) {
    const auto* note = reinterpret_cast<const ElfW(Nhdr)*>(notes);
    const size_t name = (note->n_namesz + 3u) & ~size_t{3};
    const size_t whole = sizeof *note + name + ((note->n_descsz + 3u) & ~size_t{3});
    if (whole > size) break;
    if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4 && std::memcmp(note + 1, "GNU", 4) == 0) {
      return {notes + sizeof *note + name, note->n_descsz};
    }
    notes += whole;
    size -= whole;
  }
  return {};
}

struct SymbolTable {
  const ElfW(Sym) * symbols = nullptr;
  const char* names = nullptr;
  const uint32_t* gnu_hash = nullptr;
  const uint32_t* sysv_hash = nullptr;
};

// The loader relocates the pointers in PT_DYNAMIC in place, but not those of some modules such as the vDSO.
uintptr_t address_in(const LoadedModule& module, uintptr_t value) noexcept {
  return value < module.base ? module.base + value : value;
}

SymbolTable symbol_table(const LoadedModule& module) noexcept {
  SymbolTable table;
  for (auto* entry = static_cast<const ElfW(Dyn)*>(module.dynamic); entry->d_tag != DT_NULL; ++entry) {
    const uintptr_t at = address_in(module, entry->d_un.d_ptr);
    if (entry->d_tag == DT_SYMTAB) table.symbols = reinterpret_cast<const ElfW(Sym)*>(at);
    if (entry->d_tag == DT_STRTAB) table.names = reinterpret_cast<const char*>(at);
    if (entry->d_tag == DT_GNU_HASH) table.gnu_hash = reinterpret_cast<const uint32_t*>(at);
    if (entry->d_tag == DT_HASH) table.sysv_hash = reinterpret_cast<const uint32_t*>(at);
  }
  return table;
}

bool matches(const SymbolTable& table, uint32_t index, const char* name) noexcept {
  const ElfW(Sym)& symbol = table.symbols[index];
  return symbol.st_shndx != SHN_UNDEF && std::strcmp(table.names + symbol.st_name, name) == 0;
}

uint32_t gnu_hash_of(const char* name) noexcept {
  uint32_t hash = 5381;
  for (; *name != '\0'; ++name) hash = hash * 33 + static_cast<unsigned char>(*name);
  return hash;
}

// DT_GNU_HASH: nbuckets, symoffset, bloom_size, bloom_shift, bloom[], buckets[], chains[].
uint32_t find_in_gnu_hash(const SymbolTable& table, const char* name) noexcept {
  const uint32_t* header = table.gnu_hash;
  const uint32_t buckets = header[0];
  const uint32_t first = header[1];
  if (buckets == 0) return 0;
  const auto* bucket = header + 4 + header[2] * (sizeof(ElfW(Addr)) / 4);
  const uint32_t* chain = bucket + buckets;
  const uint32_t hash = gnu_hash_of(name);
  uint32_t index = bucket[hash % buckets];
  if (index < first) return 0;
  for (;; ++index) {
    const uint32_t value = chain[index - first];
    if ((value | 1) == (hash | 1) && matches(table, index, name)) return index;
    if ((value & 1) != 0) return 0;
  }
}

uint32_t find_in_sysv_hash(const SymbolTable& table, const char* name) noexcept {
  const uint32_t symbols = table.sysv_hash[1];
  for (uint32_t i = 1; i < symbols; ++i) {
    if (matches(table, i, name)) return i;
  }
  return 0;
}

// Whether one of the `relocations`, which take `bytes` in memory, is for the symbol `name`.
bool relocates(const SymbolTable& table, const ElfW(Rela) * relocations, size_t bytes, const char* name) noexcept {
  for (size_t i = 0; relocations != nullptr && i < bytes / sizeof(ElfW(Rela)); ++i) {
    const ElfW(Sym)& symbol = table.symbols[ELF64_R_SYM(relocations[i].r_info)];
    if (symbol.st_shndx == SHN_UNDEF && std::strcmp(table.names + symbol.st_name, name) == 0) return true;
  }
  return false;
}

}  // namespace

// The loader maps a module's segments at `base` + p_vaddr; the first begins at the page that `start` is.
bool describe_module(uintptr_t start, LoadedModule& module) noexcept {
  const auto& header = *reinterpret_cast<const ElfW(Ehdr)*>(start);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_phentsize != sizeof(ElfW(Phdr))) return false;
  if (header.e_phoff + header.e_phnum * sizeof(ElfW(Phdr)) > kPageBytes) return false;
  const auto* const headers = reinterpret_cast<const ElfW(Phdr)*>(start + header.e_phoff);
  const auto* const headers_end = headers + header.e_phnum;
  const auto* const first = std::find_if(headers, headers_end, [](const auto& at) { return at.p_type == PT_LOAD; });
  if (first == headers_end) return false;
  module.base = start - (first->p_vaddr & ~(kPageBytes - 1));
  module.start = UINTPTR_MAX;
  for (const auto* program = first; program != headers_end; ++program) {
    if (program->p_type != PT_LOAD) continue;
    const uintptr_t at = module.base + program->p_vaddr;
    module.start = std::min(module.start, at);
    module.end = std::max(module.end, at + program->p_memsz);
    if ((program->p_flags & PF_W) == 0) continue;
    const uintptr_t aligned = (at + 7) & ~uintptr_t{7};
    module.data = reinterpret_cast<const void*>(aligned);
    module.data_bytes = at + program->p_filesz > aligned ? at + program->p_filesz - aligned : 0;
  }
  for (const auto* program = headers; program != headers_end; ++program) {
    const uintptr_t at = module.base + program->p_vaddr;
    if (program->p_type == PT_DYNAMIC) module.dynamic = reinterpret_cast<const void*>(at);
    if (program->p_type == PT_GNU_EH_FRAME) module.eh_frame_header = reinterpret_cast<const uint8_t*>(at);
    if (program->p_type == PT_NOTE && module.build_id.empty()) {
      module.build_id = build_id_in(reinterpret_cast<const char*>(at), program->p_memsz);
    }
  }
  return true;
}

void* find_symbol(const LoadedModule& module, const char* name) noexcept {
  if (module.dynamic == nullptr) return nullptr;
  const SymbolTable table = symbol_table(module);
  if (table.symbols == nullptr || table.names == nullptr) return nullptr;
  uint32_t index = 0;
  if (table.gnu_hash != nullptr) {
    index = find_in_gnu_hash(table, name);
  } else if (table.sysv_hash != nullptr) {
    index = find_in_sysv_hash(table, name);
  }
  if (index == 0) return nullptr;
  return reinterpret_cast<void*>(module.base + table.symbols[index].st_value);
}

bool imports_symbol(const LoadedModule& module, const char* name) noexcept {
  if (module.dynamic == nullptr) return false;
  const SymbolTable table = symbol_table(module);
  if (table.symbols == nullptr || table.names == nullptr) return false;
  const ElfW(Rela)* functions = nullptr;
  const ElfW(Rela)* data = nullptr;
  size_t function_bytes = 0;
  size_t data_bytes = 0;
  for (auto* entry = static_cast<const ElfW(Dyn)*>(module.dynamic); entry->d_tag != DT_NULL; ++entry) {
    const auto* const at = reinterpret_cast<const ElfW(Rela)*>(address_in(module, entry->d_un.d_ptr));
    if (entry->d_tag == DT_JMPREL) functions = at;
    if (entry->d_tag == DT_RELA) data = at;
    if (entry->d_tag == DT_PLTRELSZ) function_bytes = entry->d_un.d_val;
    if (entry->d_tag == DT_RELASZ) data_bytes = entry->d_un.d_val;
  }
  return relocates(table, functions, function_bytes, name) || relocates(table, data, data_bytes, name);
}

}  // namespace cistern::preload
