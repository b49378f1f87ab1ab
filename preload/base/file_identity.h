// Identifies a file. A descriptor number or a path may lead to another file later: after a close, a chroot, or when
// somebody replaces the file. Any thread; no allocation; errno is left alone.
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
  uint64_t links = 0;        // paths that lead to it; 0: it was deleted
  uint32_t mode = 0;         // type and permissions
  uint32_t owner = 0;
};

// Both return an identity that is not known() where there is no such descriptor or path. status_at() does not follow a
// symbolic link at the end of the path.
FileStatus status_of(int fd) noexcept;
FileStatus status_at(const char* path) noexcept;

}  // namespace cistern::preload
