// The library's own memory: private anonymous mappings by system call, never from a hooked heap. Any thread. Most
// mappings are kept until the process ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>

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

// A T in memory of its own while the object exists, for what is too large for the caller's stack. A hook may use at
// most 4 KiB of that: a program may run threads with the smallest stack that the system allows (16 KiB), and coroutines
// with less. False when the kernel has no memory.
template <typename T>
class ScratchObject {
 public:
  ScratchObject() noexcept {
    void* const memory = map_memory(sizeof(Held));
    if (memory != nullptr) held_ = new (memory) Held;
  }
  ~ScratchObject() {
    if (held_ != nullptr) unmap_memory(held_, sizeof(Held));
  }
  ScratchObject(const ScratchObject&) = delete;
  ScratchObject& operator=(const ScratchObject&) = delete;

  explicit operator bool() const noexcept { return held_ != nullptr; }
  T& operator*() const noexcept { return held_->object; }
  T* operator->() const noexcept { return &held_->object; }

 private:
  struct Held {
    T object;  // may be an array
  };
  Held* held_ = nullptr;
};

}  // namespace cistern::preload
