// The recorder's own memory: private anonymous mappings by system call, never from a hooked heap. Any thread. Mappings
// are kept until the process ends; own_bytes() is what the recorder costs.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cistern::preload {

// Returns `bytes` (rounded up to pages) of zeroed memory, or nullptr.
void* map_memory(size_t bytes) noexcept;
// The same, with all its pages there at once, where there is memory for them: for what is about to be used whole. A
// fault for each page would cost some three times as much.
void* map_filled_memory(size_t bytes) noexcept;
// Gives back what map_memory() returned.
void unmap_memory(void* address, size_t bytes) noexcept;
// Makes the pages of [address, address + bytes) zero again, without giving back the addresses. Page-aligned.
void clear_memory(void* address, size_t bytes) noexcept;
// Bytes mapped now by map_memory() and by count_own_bytes().
uint64_t own_bytes() noexcept;
void count_own_bytes(int64_t delta) noexcept;

}  // namespace cistern::preload
