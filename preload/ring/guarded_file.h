// A file of ours whose descriptor the program may close, and whose number and path it may reuse: the descriptor is high
// and close-on-exec, is compared by device and inode before each use, and is opened again by path when it is not ours
// any more. Where there are no high numbers to be had (RLIMIT_NOFILE below 64) the descriptor is closed after each use.
// What no comparison sees is a program that puts a file of its own on our number between it and the write behind it.
// The caller serialises all calls. Nothing allocates; errno is left alone.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/base/file_identity.h"
#include "preload/base/text.h"

namespace cistern::preload {

class GuardedFile {
 public:
  // Makes the file, readable by its owner alone whatever the umask. It must not exist yet unless `replace`, and then
  // only a regular file or a symbolic link is replaced. Returns 0 or an errno value.
  int create(const PathText& path, bool replace) noexcept;
  bool is_open() const noexcept { return identity_.known(); }
  const PathText& path() const noexcept { return path_; }

  // Each returns 0 or an errno value: EBADF when the program closed the descriptor and the file is not at its path any
  // more, ESTALE when somebody cut the file short.
  int write_at(const void* bytes, size_t size, uint64_t offset) noexcept;
  int reserve(uint64_t offset, uint64_t size) noexcept;  // blocks on disk, so that a store cannot meet a full disk
  int resize(uint64_t size) noexcept;
  int clear(uint64_t offset, uint64_t size) noexcept;  // what is there becomes zeros

  // Maps [offset, offset + size) shared, hidden from forked children; nullptr when that is refused.
  void* map(uint64_t offset, size_t size) noexcept;
  void close() noexcept;
  // Forgets the descriptor without closing it: a forked child's copy is closed by number only if it is still ours.
  void abandon() noexcept;
  // Removes the file's name, unless the path leads to another file now.
  void unlink() noexcept;

 private:
  int descriptor() noexcept;
  int reopen() noexcept;
  int written(int error, uint64_t end) noexcept;

  int fd_ = -1;
  FileIdentity identity_;
  uint64_t end_ = 0;  // the file is at least as long, unless somebody cut it
  PathText path_;
};

}  // namespace cistern::preload
