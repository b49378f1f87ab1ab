// The library's own memory: private anonymous mappings by system call, never from a hooked heap. Any thread. Most
// mappings are kept until the process ends.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cistern::preload {

// Returns `bytes` (rounded up to pages) of zeroed memory, or nullptr.
void* map_memory(size_t bytes) noexcept;
// The same, with all pages resident if the kernel has memory for them. For memory that is about to be used as a whole:
// one page fault for each page costs about three times as much.
void* map_filled_memory(size_t bytes) noexcept;
// Unmaps what map_memory() returned.
void unmap_memory(void* address, size_t bytes) noexcept;
// Makes [address, address + bytes) zero again and frees its pages; the mapping stays. Requires page-aligned `address`.
void clear_memory(void* address, size_t bytes) noexcept;
// Bytes that are mapped now: by map_memory(), and as reported to count_own_bytes().
uint64_t own_bytes() noexcept;
void count_own_bytes(int64_t delta) noexcept;

}  // namespace cistern::preload
