#include "preload/base/real.h"

#include <errno.h>
#include <link.h>
#include <stdlib.h>

#include <atomic>
#include <cstring>

#include "preload/base/elf.h"
#include "preload/base/loaded_modules.h"
#include "preload/base/thread_context.h"

namespace cistern::preload {
namespace {

// --- The bootstrap pool. Blocks are preceded by their size and never reused.

constexpr size_t kPoolBytes = 64 * 1024;
alignas(16) char g_pool[kPoolBytes];
std::atomic<size_t> g_pool_used{0};
std::atomic<uint64_t> g_pool_blocks{0};

void* pool_allocate(size_t size, size_t alignment = 16) noexcept {
  const size_t span = ((size + 15) & ~size_t{15}) + alignment + 16;
  const size_t at = g_pool_used.fetch_add(span, std::memory_order_relaxed);
  if (size > kPoolBytes || at + span > kPoolBytes) {
    errno = ENOMEM;
    return nullptr;
  }
  auto block = reinterpret_cast<uintptr_t>(g_pool) + at + 16;
  block = (block + alignment - 1) & ~(alignment - 1);
  std::memcpy(reinterpret_cast<void*>(block - sizeof size), &size, sizeof size);
  g_pool_blocks.fetch_add(1, std::memory_order_relaxed);
  return reinterpret_cast<void*>(block);
}

// --- The first values of g_real: each function resolves all of them and calls the real one.

bool resolved() noexcept;

void* first_malloc(size_t size) {
  resolve_real_functions();
  return resolved() ? g_real.malloc(size) : pool_allocate(size);
}
void* first_calloc(size_t count, size_t size) {
  resolve_real_functions();
  if (resolved()) return g_real.calloc(count, size);
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return pool_allocate(bytes);
}
void* first_realloc(void* block, size_t size) {
  resolve_real_functions();
  if (resolved()) return g_real.realloc(block, size);
  void* const made = pool_allocate(size);
  if (made != nullptr && block != nullptr) {
    const size_t old = bootstrap_size(block);
    std::memcpy(made, block, old < size ? old : size);
  }
  return made;
}
void first_free(void* block) {
  resolve_real_functions();
  if (resolved()) g_real.free(block);
}
void* first_memalign(size_t alignment, size_t size) {
  resolve_real_functions();
  return resolved() ? g_real.memalign(alignment, size) : pool_allocate(size, alignment);
}
void* first_aligned_alloc(size_t alignment, size_t size) {
  resolve_real_functions();
  return resolved() ? g_real.aligned_alloc(alignment, size) : pool_allocate(size, alignment);
}
int first_posix_memalign(void** block, size_t alignment, size_t size) {
  resolve_real_functions();
  if (resolved()) return g_real.posix_memalign(block, alignment, size);
  *block = pool_allocate(size, alignment);
  return *block != nullptr ? 0 : ENOMEM;
}
void* first_mmap(void* address, size_t size, int protection, int flags, int fd, off_t offset) {
  resolve_real_functions();
  return g_real.mmap(address, size, protection, flags, fd, offset);
}
int first_munmap(void* address, size_t size) {
  resolve_real_functions();
  return g_real.munmap(address, size);
}
int first_pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*), void* argument) {
  resolve_real_functions();
  return g_real.pthread_create(thread, attributes, run, argument);
}
pid_t first_fork() {
  resolve_real_functions();
  return g_real.fork();
}
int first_dlclose(void* library) {
  resolve_real_functions();
  return resolved() ? g_real.dlclose(library) : -1;
}

template <typename Function>
void look_up(Function*& target, const char* name) noexcept {
  if (void* found = dlsym(RTLD_NEXT, name)) target = reinterpret_cast<Function*>(found);
}

// For a function that an older libc lacks: dlsym would allocate its error message on the program's heap.
template <typename Function>
void look_up_newer(Function*& target, const char* name) noexcept {
  struct Search {
    const char* name;
    void* found;
  } search{name, nullptr};
  for_each_module_at_start(
      [](void* context, const LoadedModule& module) {
        auto* search = static_cast<Search*>(context);
        if (module.dynamic != _DYNAMIC) search->found = find_symbol(module, search->name);
        return search->found == nullptr;
      },
      &search);
  if (search.found != nullptr) target = reinterpret_cast<Function*>(search.found);
}

std::atomic<int> g_resolution{0};  // 0 not begun, 1 running, 2 done

bool resolved() noexcept {
  return g_resolution.load(std::memory_order_acquire) == 2;
}

}  // namespace

// What may be called before the real functions are resolved.
constinit RealFunctions g_real = {
    .malloc = first_malloc,
    .calloc = first_calloc,
    .realloc = first_realloc,
    .free = first_free,
    .memalign = first_memalign,
    .aligned_alloc = first_aligned_alloc,
    .posix_memalign = first_posix_memalign,
    .mmap = first_mmap,
    .munmap = first_munmap,
    .fork = first_fork,
    .pthread_create = first_pthread_create,
    .dlclose = first_dlclose,
};

void resolve_real_functions() noexcept {
  int expected = 0;
  if (!g_resolution.compare_exchange_strong(expected, 1, std::memory_order_acq_rel)) return;
  const ReentrancyGuard guard;
  prepare_module_search();
  RealFunctions found = g_real;
#define CISTERN_LOOK_UP(name, type) look_up(found.name, #name);
  CISTERN_HOOKED_FUNCTIONS(CISTERN_LOOK_UP)
  look_up(cistern_real_dlopen, "dlopen");
  g_real = found;
  g_resolution.store(2, std::memory_order_release);
#define CISTERN_LOOK_UP_NEWER(name, type) look_up_newer(g_real.name, #name);
  CISTERN_NEWER_HOOKED_FUNCTIONS(CISTERN_LOOK_UP_NEWER)
  CISTERN_CALLED_FUNCTIONS(CISTERN_LOOK_UP_NEWER)
}

bool in_bootstrap_pool(const void* block) noexcept {
  return reinterpret_cast<uintptr_t>(block) - reinterpret_cast<uintptr_t>(g_pool) < kPoolBytes;
}

size_t bootstrap_size(const void* block) noexcept {
  size_t size;
  std::memcpy(&size, static_cast<const char*>(block) - sizeof size, sizeof size);
  return size;
}

uint64_t bootstrap_blocks() noexcept {
  return g_pool_blocks.load(std::memory_order_relaxed);
}

}  // namespace cistern::preload

namespace {

void* first_dlopen(const char* path, int mode) {
  cistern::preload::resolve_real_functions();
  return cistern_real_dlopen != first_dlopen ? cistern_real_dlopen(path, mode) : nullptr;
}

}  // namespace

extern "C" {
void* (*cistern_real_dlopen)(const char*, int) = first_dlopen;
}
