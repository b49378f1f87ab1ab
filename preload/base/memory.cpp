#include "preload/base/memory.h"

#include <sys/mman.h>
#include <sys/syscall.h>

#include <atomic>

#include "preload/arch/arch.h"

namespace cistern::preload {
namespace {

std::atomic<uint64_t> g_own_bytes{0};

constexpr size_t pages(size_t bytes) noexcept {
  return (bytes + kPageBytes - 1) & ~(kPageBytes - 1);
}

void* map(size_t bytes, int flags) noexcept {
  const long result = raw_syscall(SYS_mmap, 0, static_cast<long>(pages(bytes)), PROT_READ | PROT_WRITE,
                                  MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  if (is_error(result)) return nullptr;
  count_own_bytes(static_cast<int64_t>(pages(bytes)));
  return reinterpret_cast<void*>(result);
}

}  // namespace

void* map_memory(size_t bytes) noexcept {
  return map(bytes, 0);
}

// MAP_POPULATE: a failure to populate is no failure of the mapping (mmap(2)).
void* map_filled_memory(size_t bytes) noexcept {
  return map(bytes, MAP_POPULATE);
}

void unmap_memory(void* address, size_t bytes) noexcept {
#ifdef __SANITIZE_THREAD__  // which does not see system calls: memory that is mapped again would look like a race
  munmap(address, pages(bytes));
#else
  raw_syscall(SYS_munmap, reinterpret_cast<long>(address), static_cast<long>(pages(bytes)));
#endif
  count_own_bytes(-static_cast<int64_t>(pages(bytes)));
}

void clear_memory(void* address, size_t bytes) noexcept {
  raw_syscall(SYS_madvise, reinterpret_cast<long>(address), static_cast<long>(pages(bytes)), MADV_DONTNEED);
}

uint64_t own_bytes() noexcept {
  return g_own_bytes.load(std::memory_order_relaxed);
}

void count_own_bytes(int64_t delta) noexcept {
  g_own_bytes.fetch_add(static_cast<uint64_t>(delta), std::memory_order_relaxed);
}

}  // namespace cistern::preload
