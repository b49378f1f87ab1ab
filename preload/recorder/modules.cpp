#include "preload/recorder/modules.h"

#include <atomic>
#include <cstring>

#include "cistern/format/definition_records.h"
#include "preload/base/clock.h"
#include "preload/base/elf.h"
#include "preload/base/memory.h"
#include "preload/base/spin_lock.h"
#include "preload/unwind/code_search.h"

extern "C" {
unsigned char cistern_loader_called = 0;
}

namespace cistern::preload {
namespace {

// A module's path and build-id, kept for forked children. Never freed.
struct ModuleText {
  uint64_t identity;  // hash of both
  ModuleText* next;
  uint16_t path_bytes;
  uint16_t build_id_bytes;

  char* bytes() noexcept { return reinterpret_cast<char*>(this + 1); }
  std::string_view path() noexcept { return {bytes(), path_bytes}; }
  std::string_view build_id() noexcept { return {bytes() + path_bytes, build_id_bytes}; }
};

struct KnownModule {
  uintptr_t base;
  uintptr_t start;
  uintptr_t end;
  uint64_t identity;
  ModuleText* text;
  uint32_t id;
  bool seen;
};

// A child may be forked at any moment of an update: data is complete before a pointer to it is stored, and the pointer
// is replaced before old data is unmapped.
struct ModuleMap {
  SpinLock lock;
  KnownModule* modules = nullptr;
  size_t count = 0;
  size_t capacity = 0;
  uint32_t last_id = 0;
  ModuleText* texts = nullptr;
  char* free_text = nullptr;
  size_t free_text_bytes = 0;
  RecordStream* records = nullptr;  // during one update
  uint64_t time = 0;
};
constinit ModuleMap g_modules;

bool loader_called() noexcept {
  return std::atomic_ref<unsigned char>(cistern_loader_called).load(std::memory_order_relaxed) != 0;
}

// A walk of native frames has updated the map since the last update_modules(), so cistern_loader_called is reset;
// callers that search new modules for an interpreter or asyncio have not seen the change.
std::atomic<bool> g_changed_by_walk{false};

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
  KnownModule* const old = map.modules;
  const size_t old_capacity = map.capacity;
  if (old != nullptr) std::memcpy(made, old, map.count * sizeof(KnownModule));
  map.modules = made;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  map.capacity = capacity;
  if (old != nullptr) unmap_memory(old, old_capacity * sizeof(KnownModule));
  return true;
}

char* text_memory(ModuleMap& map, size_t bytes) noexcept {
  constexpr size_t kChunkBytes = 64 * 1024;
  bytes = (bytes + 7) & ~size_t{7};
  if (bytes > map.free_text_bytes) {
    auto* const made = static_cast<char*>(map_memory(kChunkBytes));
    if (made == nullptr) return nullptr;
    map.free_text_bytes = 0;
    map.free_text = made;
    map.free_text_bytes = kChunkBytes;
  }
  char* const at = map.free_text;
  map.free_text += bytes;
  map.free_text_bytes -= bytes;
  return at;
}

ModuleText* text_of(ModuleMap& map, uint64_t identity, std::string_view path, std::string_view build_id) noexcept {
  for (ModuleText* text = map.texts; text != nullptr; text = text->next) {
    if (text->identity == identity) return text;
  }
  auto* const text =
      reinterpret_cast<ModuleText*>(text_memory(map, sizeof(ModuleText) + path.size() + build_id.size()));
  if (text == nullptr) return nullptr;
  *text = ModuleText{identity, map.texts, static_cast<uint16_t>(path.size()), static_cast<uint16_t>(build_id.size())};
  path.copy(text->bytes(), path.size());
  build_id.copy(text->bytes() + path.size(), build_id.size());
  std::atomic_signal_fence(std::memory_order_seq_cst);
  map.texts = text;
  return text;
}

void write_module(RecordStream& records, const KnownModule& module, uint64_t time, std::string_view path,
                  std::string_view build_id) noexcept {
  ModuleRecord record;
  record.id = ModuleId{module.id};
  record.time = time;
  record.base = module.base;
  record.start = module.start;
  record.size = module.end - module.start;
  record.path = path;
  record.build_id = build_id;
  records.write(record);
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
  const std::string_view path = cut_text(module.path);
  const std::string_view build_id = module.build_id.substr(0, 64);
  const uint32_t id = ++map.last_id;
  KnownModule& known = map.modules[map.count];
  known =
      KnownModule{module.base, module.start, module.end, identity, text_of(map, identity, path, build_id), id, true};
  std::atomic_signal_fence(std::memory_order_seq_cst);
  ++map.count;
  write_module(*map.records, known, map.time, path, build_id);
  return true;
}

// Returns whether a module was loaded or unloaded.
bool update_locked(ModuleMap& map, RecordStream& records) noexcept {
  const uint32_t last_id = map.last_id;
  const size_t count = map.count;
  std::atomic_ref<unsigned char>(cistern_loader_called).store(0, std::memory_order_relaxed);
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
  return map.last_id != last_id || kept != count;
}

}  // namespace

bool modules_changed() noexcept {
  return loader_called() || g_changed_by_walk.load(std::memory_order_relaxed);
}

void note_loader_call() noexcept {
  std::atomic_ref<unsigned char>(cistern_loader_called).store(1, std::memory_order_relaxed);
}

void forget_loader_calls() noexcept {
  std::atomic_ref<unsigned char>(cistern_loader_called).store(0, std::memory_order_relaxed);
  g_changed_by_walk.store(false, std::memory_order_relaxed);
}

void abandon_modules() noexcept {
  g_modules.lock.reset();
  forget_loader_calls();
}

void write_known_modules(RecordStream& records) noexcept {
  ModuleMap& map = g_modules;
  const Locked locked(map.lock);
  for (size_t i = 0; i < map.count; ++i) {
    const KnownModule& module = map.modules[i];
    if (module.text != nullptr) write_module(records, module, now(), module.text->path(), module.text->build_id());
  }
}

void update_modules(RecordStream& records) noexcept {
  const Locked locked(g_modules.lock);
  forget_loader_calls();
  update_locked(g_modules, records);
}

// The calling thread may hold the loader's lock (inside dl_iterate_phdr), and another thread may wait for that lock in
// update_modules(): so this thread gives up after kTurns instead of waiting for g_modules.lock.
bool find_module(uintptr_t instruction, bool forked, RecordStream& records, uint32_t& id, uintptr_t& base) noexcept {
  constexpr int kTurns = 200;
  const Locked locked(g_modules.lock, kTurns);
  if (!locked) return false;
  // In a forked child a thread that does not exist may hold the loader's lock, until this process has used the loader.
  const int attempts = forked ? 1 : 2;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    if (loader_called() || attempt != 0) {
      if (update_locked(g_modules, records)) g_changed_by_walk.store(true, std::memory_order_relaxed);
    }
    for (size_t i = 0; i < g_modules.count; ++i) {
      const KnownModule& module = g_modules.modules[i];
      if (instruction < module.start || instruction >= module.end) continue;
      id = module.id;
      base = module.base;
      return true;
    }
    if (find_code(instruction).start == 0) return false;  // generated at run time
  }
  return false;
}

}  // namespace cistern::preload
