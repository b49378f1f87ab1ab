// Reads pymalloc's own pool headers in the process: what the analyzer's pools, rebuilt from events, are compared with.
// To be preloaded before the recorder. From the constructor it wraps CPython's arena allocator and remembers where the
// arenas are; its functions are called by ctypes.PyDLL, with the GIL, so nothing changes while they read.
//
// A line of the file POOL_READER for each reading: the mark's name, the number of arenas, the number of pools that are
// free in them, and CLASS:POOLS:USED:FREE for each size class in use.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

// CPython's PyObjectArenaAllocator (Include/cpython/objimpl.h, the same in 3.4 to 3.13).
struct ArenaAllocator {
  void* context;
  void* (*alloc)(void*, size_t);
  void (*free)(void*, void*, size_t);
};

// struct pool_header of Objects/obmalloc.c (3.8, 3.9) and pycore_obmalloc.h (3.10 to 3.13).
struct PoolHeader {
  uint32_t count;
  uint32_t padding;
  void* free_block;
  void* next_pool;
  void* previous_pool;
  uint32_t arena_index;
  uint32_t size_class;
  uint32_t next_offset;
  uint32_t greatest_next_offset;
};
static_assert(sizeof(PoolHeader) == 48);

struct Arena {
  uint64_t base;
  uint64_t size;
};

constexpr size_t kClasses = 32;
constexpr size_t kMaxArenas = 4096;
Arena arenas[kMaxArenas];
size_t arena_count = 0;
ArenaAllocator below;

// 3.11 and later bring their data stack's chunks along, which are smaller.
uint64_t pool_bytes_of(uint64_t arena_bytes) {
  return arena_bytes == 256 << 10 ? 4096 : arena_bytes == 1 << 20 ? 16384 : 0;
}

void* arena_made(void* context, size_t size) {
  void* const base = below.alloc(context, size);
  if (base == nullptr || pool_bytes_of(size) == 0) return base;
  if (arena_count == kMaxArenas) abort();
  arenas[arena_count++] = {reinterpret_cast<uint64_t>(base), size};
  return base;
}

void arena_freed(void* context, void* base, size_t size) {
  for (size_t i = 0; i < arena_count; ++i) {
    if (arenas[i].base != reinterpret_cast<uint64_t>(base)) continue;
    arenas[i] = arenas[--arena_count];
    break;
  }
  below.free(context, base, size);
}

struct Table {
  uint64_t pools[kClasses] = {};
  uint64_t used[kClasses] = {};
  uint64_t free[kClasses] = {};
  uint64_t free_pools = 0;
};

void read_arena(const Arena& arena, Table& table) {
  const uint64_t pool_bytes = pool_bytes_of(arena.size);
  for (uint64_t at = (arena.base + pool_bytes - 1) / pool_bytes * pool_bytes;
       at + pool_bytes <= arena.base + arena.size; at += pool_bytes) {
    const auto* const pool = reinterpret_cast<const PoolHeader*>(at);
    if (pool->count == 0) {
      ++table.free_pools;
      continue;
    }
    const size_t size_class = pool->size_class;
    if (size_class >= kClasses) abort();
    ++table.pools[size_class];
    table.used[size_class] += pool->count;
    table.free[size_class] += (pool_bytes - sizeof(PoolHeader)) / (16 * (size_class + 1)) - pool->count;
  }
}

void write_line(const char* name) {
  Table table;
  for (size_t i = 0; i < arena_count; ++i) read_arena(arenas[i], table);
  static char line[8192];
  int length =
      snprintf(line, sizeof line, "%s %zu %llu", name, arena_count, static_cast<unsigned long long>(table.free_pools));
  for (size_t i = 0; i < kClasses; ++i) {
    if (table.pools[i] == 0) continue;
    length += snprintf(line + length, sizeof line - static_cast<size_t>(length), " %zu:%llu:%llu:%llu", 16 * (i + 1),
                       static_cast<unsigned long long>(table.pools[i]), static_cast<unsigned long long>(table.used[i]),
                       static_cast<unsigned long long>(table.free[i]));
  }
  line[length++] = '\n';
  const char* const path = getenv("POOL_READER");
  if (path == nullptr) abort();
  const int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0 || write(file, line, static_cast<size_t>(length)) != length) abort();
  close(file);
}

__attribute__((constructor)) void start() {
  using Access = void (*)(ArenaAllocator*);
  const auto get = reinterpret_cast<Access>(dlsym(RTLD_DEFAULT, "PyObject_GetArenaAllocator"));
  const auto set = reinterpret_cast<Access>(dlsym(RTLD_DEFAULT, "PyObject_SetArenaAllocator"));
  if (get == nullptr || set == nullptr) return;
  get(&below);
  ArenaAllocator ours{below.context, arena_made, arena_freed};
  set(&ours);
}

}  // namespace

extern "C" {

// Makes a mark, if the process is recorded, and reads right then.
void pool_reader_mark(const char* name) {
  const auto mark = reinterpret_cast<void (*)(const char*)>(dlsym(RTLD_DEFAULT, "cistern_mark"));
  if (mark != nullptr) mark(name);
  write_line(name);
}

// Reads, and has `debug_malloc_stats`, which is sys._debugmallocstats, print right then; returns what it returned.
void* pool_reader_stats(const char* name, void* debug_malloc_stats) {
  const auto call = reinterpret_cast<void* (*)(void*, void*)>(dlsym(RTLD_DEFAULT, "PyObject_CallObject"));
  write_line(name);
  fprintf(stderr, "moment %s\n", name);
  fflush(stderr);
  return call(debug_malloc_stats, nullptr);
}
}
