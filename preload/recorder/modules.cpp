#include "preload/recorder/modules.h"

#include <atomic>
#include <cstring>

#include "cistern/format/definition_records.h"
#include "preload/base/clock.h"
#include "preload/base/loaded_modules.h"
#include "preload/base/memory.h"
#include "preload/base/spin_lock.h"

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

bool same(const KnownModule& known, const LoadedModule& module, uint64_t identity) noexcept {
  return known.start == module.start && known.end == module.end && known.identity == identity;
}

KnownModule* add(ModuleMap& map, const LoadedModule& module, uint64_t identity, RecordStream& records) noexcept {
  if (map.count == map.capacity && !grow(map)) return nullptr;
  const std::string_view path = cut_text(module.path);
  const std::string_view build_id = module.build_id.substr(0, 64);
  const uint32_t id = ++map.last_id;
  KnownModule& known = map.modules[map.count];
  known =
      KnownModule{module.base, module.start, module.end, identity, text_of(map, identity, path, build_id), id, true};
  std::atomic_signal_fence(std::memory_order_seq_cst);
  ++map.count;
  write_module(records, known, now(), path, build_id);
  return &known;
}

// Removes the modules that `gone` names, and writes that they ended. Returns whether there are any.
template <typename Gone>
bool remove(ModuleMap& map, RecordStream& records, Gone gone) noexcept {
  size_t kept = 0;
  for (size_t i = 0; i < map.count; ++i) {
    if (!gone(map.modules[i])) {
      map.modules[kept++] = map.modules[i];
    } else {
      records.write(ModuleEndRecord{ModuleId{map.modules[i].id}, now()});
    }
  }
  const bool any = kept != map.count;
  map.count = kept;
  return any;
}

struct Update {
  ModuleMap& map;
  RecordStream& records;
  bool add_new;
};

bool mark_seen(void* context, const LoadedModule& module) noexcept {
  auto& update = *static_cast<Update*>(context);
  const uint64_t identity = identity_of(module);
  for (size_t i = 0; i < update.map.count; ++i) {
    KnownModule& known = update.map.modules[i];
    if (!same(known, module, identity)) continue;
    known.seen = true;
    return true;
  }
  return !update.add_new || add(update.map, module, identity, update.records) != nullptr;
}

// Compares the map with the modules that are loaded. Returns whether one was unloaded.
bool compare_locked(ModuleMap& map, RecordStream& records, bool add_new) noexcept {
  Update update{map, records, add_new};
  for (size_t i = 0; i < map.count; ++i) map.modules[i].seen = false;
  if (!for_each_module(mark_seen, &update)) return false;
  return remove(map, records, [](KnownModule& known) { return !known.seen; });
}

struct Location {
  RecordStream& records;
  uint32_t id;
  uintptr_t base;
};

// The module of code that runs. What was known at its place and is another module has been unloaded.
void locate(void* context, const LoadedModule& module) noexcept {
  auto& location = *static_cast<Location*>(context);
  ModuleMap& map = g_modules;
  const uint64_t identity = identity_of(module);
  const Locked locked(map.lock);
  const KnownModule* found = nullptr;
  for (size_t i = 0; i < map.count && found == nullptr; ++i) {
    if (same(map.modules[i], module, identity)) found = &map.modules[i];
  }
  if (found == nullptr) {
    remove(map, location.records,
           [&](KnownModule& known) { return known.start < module.end && module.start < known.end; });
    found = add(map, module, identity, location.records);
  }
  if (found == nullptr) return;
  location.id = found->id;
  location.base = found->base;
}

bool locate_known(uintptr_t instruction, Location& location) noexcept {
  const Locked locked(g_modules.lock);
  for (size_t i = 0; i < g_modules.count; ++i) {
    const KnownModule& module = g_modules.modules[i];
    if (instruction < module.start || instruction >= module.end) continue;
    location.id = module.id;
    location.base = module.base;
    return true;
  }
  return false;
}

}  // namespace

bool modules_changed() noexcept {
  return std::atomic_ref<unsigned char>(cistern_loader_called).load(std::memory_order_relaxed) != 0;
}

void note_loader_call() noexcept {
  std::atomic_ref<unsigned char>(cistern_loader_called).store(1, std::memory_order_relaxed);
}

void forget_loader_calls() noexcept {
  std::atomic_ref<unsigned char>(cistern_loader_called).store(0, std::memory_order_relaxed);
}

void abandon_modules() noexcept {
  g_modules.lock.reset();
  abandon_module_reading();
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
  compare_locked(g_modules, records, true);
}

bool end_unloaded_modules(RecordStream& records) noexcept {
  const Locked locked(g_modules.lock);
  if (!module_search_is_cheap()) return compare_locked(g_modules, records, false);
  const ModuleReading reading;
  if (!reading) return false;
  return remove(g_modules, records, [](KnownModule& known) {
    known.seen = false;
    visit_module_at(
        known.start,
        [](void* context, const LoadedModule& module) {
          auto& known = *static_cast<KnownModule*>(context);
          known.seen = same(known, module, identity_of(module));
        },
        &known);
    return !known.seen;
  });
}

bool find_module(uintptr_t instruction, RecordStream& records, uint32_t& id, uintptr_t& base) noexcept {
  Location location{records, 0, 0};
  const bool known = !module_search_is_cheap() && locate_known(instruction, location);
  if (!known && !visit_module_at(instruction, locate, &location)) return false;
  id = location.id;
  base = location.base;
  return id != 0;
}

}  // namespace cistern::preload
