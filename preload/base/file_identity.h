// Which file a descriptor or a path leads to: a number may be another file's by now, and so may a path, after a chroot
// or when somebody replaced what lay there. Any thread; no allocation; errno is left alone.
#pragma once

#include <cstdint>

namespace cistern::preload {

struct FileIdentity {
  uint64_t device = 0;
  uint64_t inode = 0;  // 0: there is no file

  bool known() const noexcept { return inode != 0; }
  friend bool operator==(const FileIdentity&, const FileIdentity&) = default;
};

struct FileStatus {
  FileIdentity identity;
  uint64_t size_bytes = 0;
  bool replaceable = false;  // a regular file or a symbolic link
};

// Not known when there is no such descriptor or path. A symbolic link at the path's end stands for itself.
FileStatus status_of(int fd) noexcept;
FileStatus status_at(const char* path) noexcept;

}  // namespace cistern::preload
