// A whole file, mapped read-only. Can be moved, not copied. Views into it are valid as long as it exists. Errors:
// Failure with exit code 3 if the file cannot be opened or is not a regular file. Pages that were read count as the
// process's memory while they are mapped. A caller that reads much of the file calls forget() for the parts that it has
// finished, so that memory does not grow with the file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cistern::analyzer {

class FileBytes {
 public:
  FileBytes() = default;
  // `locked`: holds a shared lock (flock) on the file, if the file system has locks. `cistern run` does not pack a
  // locked profile.
  explicit FileBytes(const std::string& path, bool locked = false);
  FileBytes(FileBytes&& other) noexcept;
  FileBytes& operator=(FileBytes&& other) noexcept;
  ~FileBytes();

  std::span<const uint8_t> bytes() const noexcept { return {begin_, size_bytes_}; }
  uint64_t size_bytes() const noexcept { return size_bytes_; }

  // The hole of at least 1 MiB in which `offset` lies. A hole is a part of a sparse file that has no space on disk and
  // reads as zeros. Empty if `offset` is in no hole.
  struct Hole {
    uint64_t begin = 0;
    uint64_t end = 0;
  };
  Hole hole_at(uint64_t offset) const noexcept;

  // Releases the memory of the pages of `part`, and of pages around it that the kernel maps with them. Views stay
  // valid: a page is read again when it is accessed. Does nothing for bytes outside of this file.
  void forget(std::span<const uint8_t> part) const noexcept;

 private:
  void disable_read_ahead(const Hole& hole) const noexcept;

  const uint8_t* begin_ = nullptr;
  uint64_t size_bytes_ = 0;
  std::vector<Hole> holes_;  // in order
  int lock_ = -1;            // file descriptor that holds the lock; -1: none
};

}  // namespace cistern::analyzer
