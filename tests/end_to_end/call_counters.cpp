// A trivial counting library to be preloaded before the recorder: it counts the calls that go through it and passes
// them on. It counts results of calls: blocks that were made, freed and resized. A call that fails is no event,
// realloc(NULL, n) makes a block, realloc(p, 0) that gives NULL frees one.
//
// Python's allocators are wrapped from the constructor, which runs after that of the library listed behind this one.
// A call inside a call of an outer allocator is the outer one's block: `malloc` counts all calls of the malloc family,
// `malloc_outer` only those that no Python allocator made.
//
// The counts lie in the shared file CALL_COUNTERS.<pid>, as lines of 8-byte numbers, to the very end of the process: a
// row each for malloc, malloc_outer, raw, mem and obj; in each allocations, frees and reallocations.
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/end_to_end/system_memory.h"

namespace {

enum Row { kMalloc, kMallocOuter, kRaw, kMem, kObj, kRows };
enum Column { kAllocations, kFrees, kReallocations, kColumns };
using Table = std::atomic<uint64_t>[kRows][kColumns];

// Calls come before the constructor too; what they were is carried over into the file.
constinit Table early_table{};
constinit Table* table = &early_table;
// Wiped in a forked child, whose calls are nobody's business here.
constinit const uint32_t* counting_here = nullptr;
__attribute__((tls_model("initial-exec"))) constinit thread_local int python_depth = 0;

void count(Row row, Column column) {
  if (counting_here != nullptr && *counting_here == 0) return;
  (*table)[row][column].fetch_add(1, std::memory_order_relaxed);
}

void count_malloc(Column column) {
  count(kMalloc, column);
  if (python_depth == 0) count(kMallocOuter, column);
}

// The same functions of what comes next. All are looked up at once by the first call, while no dlerror() is pending: a
// dlsym() that has one to forget calls free().
struct Next {
  void* (*malloc)(size_t);
  void* (*calloc)(size_t, size_t);
  void* (*realloc)(void*, size_t);
  void (*free)(void*);
  void* (*memalign)(size_t, size_t);
  void* (*aligned_alloc)(size_t, size_t);
  int (*posix_memalign)(void**, size_t, size_t);
  void* (*valloc)(size_t);
  void* (*pvalloc)(size_t);
};

template <typename Function>
void look_up(const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
  if (function == nullptr) abort();
}

const Next& next() {
  static constinit Next known{};
  if (known.pvalloc != nullptr) return known;
  look_up("malloc", known.malloc);
  look_up("calloc", known.calloc);
  look_up("realloc", known.realloc);
  look_up("free", known.free);
  look_up("memalign", known.memalign);
  look_up("aligned_alloc", known.aligned_alloc);
  look_up("posix_memalign", known.posix_memalign);
  look_up("valloc", known.valloc);
  look_up("pvalloc", known.pvalloc);
  return known;
}

void* made(void* block) {
  if (block != nullptr) count_malloc(kAllocations);
  return block;
}

// CPython's PyMemAllocatorEx (Include/cpython/pymem.h, the same in 3.5 to 3.13).
struct PythonAllocator {
  void* context;
  void* (*malloc)(void*, size_t);
  void* (*calloc)(void*, size_t, size_t);
  void* (*realloc)(void*, void*, size_t);
  void (*free)(void*, void*);
};

PythonAllocator below[kRows];

struct PythonCall {
  PythonCall() : outermost(python_depth++ == 0) {}
  ~PythonCall() { --python_depth; }
  const bool outermost;
};

template <Row kRow>
void* python_malloc(void* context, size_t size) {
  const PythonCall call;
  void* const block = below[kRow].malloc(context, size);
  if (block != nullptr && call.outermost) count(kRow, kAllocations);
  return block;
}
template <Row kRow>
void* python_calloc(void* context, size_t number, size_t size) {
  const PythonCall call;
  void* const block = below[kRow].calloc(context, number, size);
  if (block != nullptr && call.outermost) count(kRow, kAllocations);
  return block;
}
template <Row kRow>
void* python_realloc(void* context, void* old, size_t size) {
  const PythonCall call;
  void* const block = below[kRow].realloc(context, old, size);
  if (block != nullptr && call.outermost) count(kRow, old == nullptr ? kAllocations : kReallocations);
  return block;
}
template <Row kRow>
void python_free(void* context, void* block) {
  const PythonCall call;
  if (block != nullptr && call.outermost) count(kRow, kFrees);
  below[kRow].free(context, block);
}

template <Row kRow>
void wrap(int domain) {
  using Access = void (*)(int, PythonAllocator*);
  const auto get = reinterpret_cast<Access>(dlsym(RTLD_DEFAULT, "PyMem_GetAllocator"));
  const auto set = reinterpret_cast<Access>(dlsym(RTLD_DEFAULT, "PyMem_SetAllocator"));
  if (get == nullptr || set == nullptr) return;
  get(domain, &below[kRow]);
  PythonAllocator ours{below[kRow].context, python_malloc<kRow>, python_calloc<kRow>, python_realloc<kRow>,
                       python_free<kRow>};
  set(domain, &ours);
}

void open_table() {
  const char* const name = getenv("CALL_COUNTERS");
  if (name == nullptr) return;
  char path[4096];
  snprintf(path, sizeof path, "%s.%d", name, getpid());
  auto* const shared = static_cast<Table*>(cistern_test::system_map_file(path, sizeof(Table)));
  if (shared == nullptr) abort();
  memcpy(static_cast<void*>(shared), early_table, sizeof early_table);  // one thread, before main
  table = shared;
  auto* const word = static_cast<uint32_t*>(cistern_test::system_map(4096));
  if (madvise(word, 4096, MADV_WIPEONFORK) != 0) abort();
  *word = 1;
  counting_here = word;
}

__attribute__((constructor)) void start() {
  open_table();
  if (getenv("CALL_COUNTERS_PYTHON") == nullptr) return;
  wrap<kRaw>(0);
  wrap<kMem>(1);
  wrap<kObj>(2);
}

}  // namespace

extern "C" {

void* malloc(size_t size) {
  return made(next().malloc(size));
}
void* calloc(size_t number, size_t size) {
  return made(next().calloc(number, size));
}
void* memalign(size_t alignment, size_t size) {
  return made(next().memalign(alignment, size));
}
void* aligned_alloc(size_t alignment, size_t size) {
  return made(next().aligned_alloc(alignment, size));
}
void* valloc(size_t size) {
  return made(next().valloc(size));
}
void* pvalloc(size_t size) {
  return made(next().pvalloc(size));
}

int posix_memalign(void** block, size_t alignment, size_t size) {
  const int failed = next().posix_memalign(block, alignment, size);
  if (failed == 0) made(*block);
  return failed;
}

void* realloc(void* old, size_t size) {
  void* const block = next().realloc(old, size);
  if (block != nullptr) {
    count_malloc(old == nullptr ? kAllocations : kReallocations);
  } else if (old != nullptr && size == 0) {
    count_malloc(kFrees);
  }
  return block;
}

void free(void* block) {
  if (block == nullptr) return;
  const int error = errno;
  count_malloc(kFrees);
  errno = error;
  next().free(block);
}

}  // extern "C"
