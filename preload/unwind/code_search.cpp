#include "preload/unwind/code_search.h"

#include <elf.h>
#include <link.h>

#include "preload/base/elf.h"

namespace cistern::preload {
namespace {

// struct dl_find_object (glibc 2.35, dlfcn.h), which older headers do not have. Fields that some other architectures
// have come behind these (DLFO_STRUCT_HAS_EH_DBASE, DLFO_STRUCT_HAS_EH_COUNT; neither x86-64 nor aarch64).
struct FoundObject {
  unsigned long long flags;
  void* map_start;
  void* map_end;
  void* link_map;
  void* eh_frame;
  unsigned long long reserved[7];
};
using FindObject = int (*)(void* pc, FoundObject* result);
FindObject g_find_object = nullptr;

struct Search {
  uintptr_t pc;
  CallFrameInfo found;
};

int visit_module(dl_phdr_info* info, size_t, void* context) noexcept {
  auto& search = *static_cast<Search*>(context);
  CallFrameInfo module;
  bool hit = false;
  for (unsigned i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& header = info->dlpi_phdr[i];
    const uintptr_t at = info->dlpi_addr + header.p_vaddr;
    if (header.p_type == PT_GNU_EH_FRAME) module.header = reinterpret_cast<const uint8_t*>(at);
    if (header.p_type != PT_LOAD) continue;
    const uintptr_t end = at + header.p_memsz;
    if (module.start == 0 || at < module.start) module.start = at;
    if (end > module.end) module.end = end;
    hit = hit || (search.pc >= at && search.pc < end);
  }
  if (!hit) return 0;
  search.found = module;
  return 1;
}

}  // namespace

void prepare_code_search() noexcept {
  for_each_module(
      [](void*, const LoadedModule& module) {
        g_find_object = reinterpret_cast<FindObject>(find_symbol(module, "_dl_find_object"));
        return g_find_object == nullptr;
      },
      nullptr);
}

CallFrameInfo find_code(uintptr_t pc) noexcept {
  if (g_find_object != nullptr) {
    FoundObject object{};
    if (g_find_object(reinterpret_cast<void*>(pc), &object) != 0) return {};
    return {static_cast<const uint8_t*>(object.eh_frame), reinterpret_cast<uintptr_t>(object.map_start),
            reinterpret_cast<uintptr_t>(object.map_end)};
  }
  Search search{pc, {}};
  dl_iterate_phdr(visit_module, &search);
  return search.found;
}

}  // namespace cistern::preload
