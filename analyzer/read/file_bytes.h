// A whole file, mapped read-only. Moves, does not copy; views into it live as long as it does. Errors: Failure with
// exit code 3 when the file cannot be opened or is no regular file.
// Pages that were read count as the process's own memory for as long as they stay mapped. Whoever goes through much of
// the file says what it is done with, so that memory does not grow with the file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cistern::analyzer {

class FileBytes {
 public:
  FileBytes() = default;
  // `locked`: with a shared lock (flock) on the file for as long as this lives, where the file system has locks; what
  // packs a profile while its program runs leaves it alone then.
  explicit FileBytes(const std::string& path, bool locked = false);
  FileBytes(FileBytes&& other) noexcept;
  FileBytes& operator=(FileBytes&& other) noexcept;
  ~FileBytes();

  std::span<const uint8_t> bytes() const noexcept { return {begin_, size_bytes_}; }
  uint64_t size_bytes() const noexcept { return size_bytes_; }

  // The hole of at least 1 MiB in which `offset` lies: addresses of a sparse file without anything on the disk, which
  // read as zeros. Empty when it lies in none.
  struct Hole {
    uint64_t begin = 0;
    uint64_t end = 0;
  };
  Hole hole_at(uint64_t offset) const noexcept;

  // Unmaps the pages of `part`, and those around it that the kernel maps with them. They come back, from the page cache
  // or the disk, when they are touched again: views stay valid. Does nothing for bytes that are none of this file's.
  void forget(std::span<const uint8_t> part) const noexcept;

 private:
  void take_page_by_page(const Hole& hole) const noexcept;

  const uint8_t* begin_ = nullptr;
  uint64_t size_bytes_ = 0;
  std::vector<Hole> holes_;  // in order
  int lock_ = -1;            // descriptor that holds the lock
};

}  // namespace cistern::analyzer
