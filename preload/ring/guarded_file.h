// A file of ours whose descriptor the program may close, and whose number it may reuse: the descriptor is high and
// close-on-exec, is compared by device and inode before each use, and is opened again by path when it is not ours any
// more. The caller serialises calls that may reopen. Nothing allocates; errno is left alone.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/base/text.h"

namespace cistern::preload {

class GuardedFile {
 public:
  // Makes the file, which must not exist yet unless `replace`. Returns 0 or an errno value.
  int create(const PathText& path, bool replace) noexcept;
  bool is_open() const noexcept { return inode_ != 0; }
  const PathText& path() const noexcept { return path_; }

  // Each returns 0 or an errno value.
  int write_at(const void* bytes, size_t size, uint64_t offset) noexcept;
  int reserve(uint64_t offset, uint64_t size) noexcept;  // blocks on disk, so that a store cannot meet a full disk
  int resize(uint64_t size) noexcept;

  // Maps [offset, offset + size) shared, hidden from forked children; nullptr when that is refused.
  void* map(uint64_t offset, size_t size) noexcept;
  void close() noexcept;
  // Forgets the descriptor without closing it: a forked child's copy is closed by number only if it is still ours.
  void abandon() noexcept;
  void unlink() noexcept;

 private:
  bool ours(int fd) const noexcept;
  int descriptor() noexcept;

  int fd_ = -1;
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
  PathText path_;
};

}  // namespace cistern::preload
