// The module map: which ELF modules are loaded where, from when to when.
#include <atomic>
#include <cstring>

#include "preload/base/clock.h"
#include "preload/base/elf.h"
#include "preload/base/memory.h"
#include "preload/base/spin_lock.h"
#include "preload/recorder/facts.h"

extern "C" {
unsigned char cistern_loader_called = 0;
}

namespace cistern::preload {
namespace {

struct KnownModule {
  uintptr_t start;
  uintptr_t end;
  uint64_t identity;  // of its path and build-id
  uint32_t id;
  bool seen;
};

struct ModuleMap {
  SpinLock lock;
  KnownModule* modules = nullptr;
  size_t count = 0;
  size_t capacity = 0;
  uint32_t last_id = 0;
  RecordStream* records = nullptr;  // during one update
  uint64_t time = 0;
};
constinit ModuleMap g_modules;

uint64_t identity_of(const LoadedModule& module) noexcept {
  uint64_t hash = 0xcbf29ce484222325;
  const auto mix = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  };
  mix(module.path);
  mix(module.build_id);
  return hash;
}

bool grow(ModuleMap& map) noexcept {
  const size_t capacity = map.capacity == 0 ? 128 : 2 * map.capacity;
  auto* const made = static_cast<KnownModule*>(map_memory(capacity * sizeof(KnownModule)));
  if (made == nullptr) return false;
  if (map.modules != nullptr) {
    std::memcpy(made, map.modules, map.count * sizeof(KnownModule));
    unmap_memory(map.modules, map.capacity * sizeof(KnownModule));
  }
  map.modules = made;
  map.capacity = capacity;
  return true;
}

bool visit(void* context, const LoadedModule& module) noexcept {
  auto& map = *static_cast<ModuleMap*>(context);
  const uint64_t identity = identity_of(module);
  for (size_t i = 0; i < map.count; ++i) {
    KnownModule& known = map.modules[i];
    if (known.start == module.start && known.end == module.end && known.identity == identity) {
      known.seen = true;
      return true;
    }
  }
  if (map.count == map.capacity && !grow(map)) return false;
  const uint32_t id = ++map.last_id;
  map.modules[map.count++] = KnownModule{module.start, module.end, identity, id, true};
  ModuleRecord record;
  record.id = ModuleId{id};
  record.time = map.time;
  record.base = module.base;
  record.start = module.start;
  record.size = module.end - module.start;
  record.path = cut_text(module.path);
  record.build_id = module.build_id.substr(0, 64);
  map.records->write(record);
  return true;
}

}  // namespace

bool modules_changed() noexcept {
  return std::atomic_ref<unsigned char>(cistern_loader_called).load(std::memory_order_relaxed) != 0;
}

void update_modules(RecordStream& records, bool reset) noexcept {
  ModuleMap& map = g_modules;
  if (reset) map.lock.reset();
  const Locked locked(map.lock);
  std::atomic_ref<unsigned char>(cistern_loader_called).store(0, std::memory_order_relaxed);
  if (reset) map.count = map.last_id = 0;
  for (size_t i = 0; i < map.count; ++i) map.modules[i].seen = false;
  map.records = &records;
  map.time = now();
  for_each_module(visit, &map);
  size_t kept = 0;
  for (size_t i = 0; i < map.count; ++i) {
    if (map.modules[i].seen) {
      map.modules[kept++] = map.modules[i];
    } else {
      records.write(ModuleEndRecord{ModuleId{map.modules[i].id}, map.time});
    }
  }
  map.count = kept;
}

}  // namespace cistern::preload
