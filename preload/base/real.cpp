#include "preload/base/real.h"

#include <errno.h>
#include <stdlib.h>

#include <atomic>
#include <cstring>

#include "preload/base/elf.h"
#include "preload/base/recording_switch.h"

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

// --- What stands in g_real until the real ones are known. Each resolves and calls on.

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

template <typename Function>
void look_up(Function*& target, const char* name) noexcept {
  if (void* found = dlsym(RTLD_NEXT, name)) target = reinterpret_cast<Function*>(found);
}

// For what an older libc may lack: a failing dlsym would allocate its message on the program's heap.
template <typename Function>
void look_up_optional(Function*& target, const char* name) noexcept {
  struct Search {
    const char* name;
    void* found;
  } search{name, nullptr};
  for_each_module(
      [](void* context, const LoadedModule& module) {
        auto* search = static_cast<Search*>(context);
        const auto self = reinterpret_cast<uintptr_t>(&g_pool);
        if (self < module.start || self >= module.end) search->found = find_symbol(module, search->name);
        return search->found == nullptr;
      },
      &search);
  if (search.found != nullptr) target = reinterpret_cast<Function*>(search.found);
}

std::atomic<int> g_resolution{0};  // 0 not begun, 1 under way, 2 done

bool resolved() noexcept {
  return g_resolution.load(std::memory_order_acquire) == 2;
}

}  // namespace

constinit RealFunctions g_real = {
    .malloc = first_malloc,
    .calloc = first_calloc,
    .realloc = first_realloc,
    .free = first_free,
    .memalign = first_memalign,
    .aligned_alloc = first_aligned_alloc,
    .posix_memalign = first_posix_memalign,
    .valloc = nullptr,
    .pvalloc = nullptr,
    .free_sized = nullptr,
    .free_aligned_sized = nullptr,
    .mmap = first_mmap,
    .munmap = first_munmap,
    .mremap = nullptr,
    .brk = nullptr,
    .sbrk = nullptr,
    .fork = first_fork,
    .async_fork = nullptr,
    .exit_now = nullptr,
    .quick_exit = nullptr,
    .execve = nullptr,
    .execvpe = nullptr,
    .fexecve = nullptr,
    .execveat = nullptr,
    .posix_spawn = nullptr,
    .posix_spawnp = nullptr,
    .pthread_create = first_pthread_create,
    .pthread_exit = nullptr,
    .mallinfo2 = nullptr,
};

void resolve_real_functions() noexcept {
  int expected = 0;
  if (!g_resolution.compare_exchange_strong(expected, 1, std::memory_order_acq_rel)) return;
  const Nested nested;
  RealFunctions found = g_real;
  look_up(found.malloc, "malloc");
  look_up(found.calloc, "calloc");
  look_up(found.realloc, "realloc");
  look_up(found.free, "free");
  look_up(found.memalign, "memalign");
  look_up(found.aligned_alloc, "aligned_alloc");
  look_up(found.posix_memalign, "posix_memalign");
  look_up(found.valloc, "valloc");
  look_up(found.pvalloc, "pvalloc");
  look_up(found.mmap, "mmap");
  look_up(found.munmap, "munmap");
  found.mremap = reinterpret_cast<decltype(found.mremap)>(dlsym(RTLD_NEXT, "mremap"));
  look_up(found.brk, "brk");
  look_up(found.sbrk, "sbrk");
  look_up(found.fork, "fork");
  look_up(found.exit_now, "_exit");
  look_up(found.quick_exit, "quick_exit");
  look_up(found.execve, "execve");
  look_up(found.execvpe, "execvpe");
  look_up(found.fexecve, "fexecve");
  look_up(found.posix_spawn, "posix_spawn");
  look_up(found.posix_spawnp, "posix_spawnp");
  look_up(found.pthread_create, "pthread_create");
  look_up(found.pthread_exit, "pthread_exit");
  look_up(cistern_real_dlopen, "dlopen");
  look_up(cistern_real_dlclose, "dlclose");
  g_real = found;
  g_resolution.store(2, std::memory_order_release);
  look_up_optional(g_real.mallinfo2, "mallinfo2");
  look_up_optional(g_real.execveat, "execveat");
  look_up_optional(g_real.async_fork, "_Fork");
  look_up_optional(g_real.free_sized, "free_sized");
  look_up_optional(g_real.free_aligned_sized, "free_aligned_sized");
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

int first_dlclose(void* handle) {
  cistern::preload::resolve_real_functions();
  return cistern_real_dlclose != first_dlclose ? cistern_real_dlclose(handle) : -1;
}

}  // namespace

extern "C" {
void* (*cistern_real_dlopen)(const char*, int) = first_dlopen;
int (*cistern_real_dlclose)(void*) = first_dlclose;
}
