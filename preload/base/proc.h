// What the kernel reports about this process and its threads, read by system calls into the caller's buffers. Any
// thread; no allocation; errno is left alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cistern::preload {

// Reads a file from its beginning into `buffer`. Returns what was read, at most `size` bytes; empty when the file
// cannot be read.
std::string_view read_file(const char* path, char* buffer, size_t size) noexcept;

struct MemoryUse {
  uint64_t virtual_bytes = 0;
  uint64_t resident_bytes = 0;
  uint64_t shared_bytes = 0;
};
// From /proc/self/statm; all zero where there is no /proc.
MemoryUse memory_use() noexcept;

// The greatest resident memory that the running program had; 0 where there is no /proc.
uint64_t peak_resident_bytes() noexcept;

// The path by which the running program was executed; empty when unknown.
std::string_view executed_name() noexcept;
// Returns an absolute path; empty when the directory has been removed or lies outside the root directory.
std::string_view working_directory(char* buffer, size_t size) noexcept;

// In which process_id() is valid: the inode of /proc/self/ns/pid; 0 when unknown.
uint64_t pid_namespace() noexcept;
uint32_t process_id() noexcept;
uint32_t thread_id() noexcept;
// When a process or thread of this process started, in clock ticks since boot (field 22 of stat); 0 when unknown.
uint64_t process_start_ticks() noexcept;
uint64_t thread_start_ticks(uint32_t tid) noexcept;
// Returns false only when the kernel says that this process has no thread `tid`.
bool thread_exists(uint32_t tid) noexcept;

constexpr size_t kThreadNameBytes = 16;
// The kernel's name of a thread of this process; empty when unknown.
std::string_view thread_name(uint32_t tid, char (&buffer)[kThreadNameBytes]) noexcept;

}  // namespace cistern::preload
