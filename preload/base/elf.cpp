#include "preload/base/elf.h"

#include <elf.h>
#include <link.h>
#include <sys/auxv.h>

#include <cstring>

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

LoadedModule describe(const dl_phdr_info& info) noexcept {
  LoadedModule module;
  module.path = info.dlpi_name != nullptr ? info.dlpi_name : "";
  module.base = info.dlpi_addr;
  module.start = UINTPTR_MAX;
  module.loads = info.dlpi_adds;
  module.unloads = info.dlpi_subs;
  for (unsigned i = 0; i < info.dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info.dlpi_phdr[i];
    const uintptr_t at = info.dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_LOAD) {
      if (at < module.start) module.start = at;
      if (at + header.p_memsz > module.end) module.end = at + header.p_memsz;
      if ((header.p_flags & PF_W) != 0) {
        const uintptr_t aligned = (at + 7) & ~uintptr_t{7};
        module.data = reinterpret_cast<const void*>(aligned);
        module.data_bytes = at + header.p_filesz > aligned ? at + header.p_filesz - aligned : 0;
      }
    } else if (header.p_type == PT_DYNAMIC) {
      module.dynamic = reinterpret_cast<const void*>(at);
    } else if (header.p_type == PT_NOTE && module.build_id.empty()) {
      module.build_id = build_id_in(reinterpret_cast<const char*>(at), header.p_memsz);
    }
  }
  if (module.start > module.end) module.start = module.end;
  return module;
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

void for_each_module(bool (*visit)(void*, const LoadedModule&), void* context) noexcept {
  struct Visit {
    bool (*visit)(void*, const LoadedModule&);
    void* context;
  } call{visit, context};
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* data) {
        const auto* call = static_cast<Visit*>(data);
        return call->visit(call->context, describe(*info)) ? 0 : 1;
      },
      &call);
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

bool in_loader(const void* address) noexcept {
  struct Range {
    uintptr_t start = 0;
    uintptr_t end = 0;
  };
  static Range loader;
  if (loader.end == 0) {
    for_each_module(
        [](void* context, const LoadedModule& module) {
          if (module.base != getauxval(AT_BASE) || module.base == 0) return true;
          static_cast<Range*>(context)->start = module.start;
          static_cast<Range*>(context)->end = module.end;
          return false;
        },
        &loader);
  }
  const auto at = reinterpret_cast<uintptr_t>(address);
  return at >= loader.start && at < loader.end;
}

}  // namespace cistern::preload
