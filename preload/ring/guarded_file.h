// A file of ours in a process whose program may close our descriptor and reuse its number, or move our path.
//   - The descriptor has a high number and is close-on-exec.
//   - Before each use the descriptor is compared with the file's device and inode. If it is not ours any more, the file
//     is opened again by its path and compared again.
//   - Where there are no high numbers (RLIMIT_NOFILE below 64), the descriptor is closed after each use.
//   - Not detected: a program that puts a file of its own on our number between the comparison and the write after it.
// The caller serializes all calls. Nothing allocates or changes errno.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/base/file_identity.h"
#include "preload/base/text.h"

namespace cistern::preload {

class GuardedFile {
 public:
  // Creates the file, readable and writable by its owner only, whatever the umask is. With `replace` a regular file or
  // a symbolic link at the path is replaced, else the path must not exist. Returns 0 or an errno value.
  int create(const PathText& path, bool replace) noexcept;
  bool is_open() const noexcept { return identity_.known(); }
  const PathText& path() const noexcept { return path_; }
  const FileIdentity& identity() const noexcept { return identity_; }

  // Each of these returns 0 or an errno value. EBADF: the program closed the descriptor, and the file is no longer at
  // its path. ESTALE: the file is shorter than what was written. EIDRM: no path leads to it any more.
  int write_at(const void* bytes, size_t size, uint64_t offset) noexcept;
  int reserve(uint64_t offset, uint64_t size) noexcept;  // allocates blocks on disk, so that a store cannot fail
  int resize(uint64_t size) noexcept;
  int clear(uint64_t offset, uint64_t size) noexcept;  // overwrites with zeros

  // Maps [offset, offset + size) shared and hidden from forked children. Returns nullptr when the system refuses it.
  void* map(uint64_t offset, size_t size) noexcept;
  void close() noexcept;
  // In a forked child: closes the inherited descriptor if it is still ours, and forgets the file.
  void abandon() noexcept;
  // Removes the path, unless it leads to another file now.
  void unlink() noexcept;

 private:
  int descriptor() noexcept;
  int reopen() noexcept;
  int written(int error, uint64_t end) noexcept;

  int fd_ = -1;
  FileIdentity identity_;
  uint64_t end_ = 0;  // end of what was written: the file is at least as long, unless it was truncated
  PathText path_;
};

}  // namespace cistern::preload
