// The lock that says that an image runs: see ImageLock in cistern/format/profile_header.h. It belongs to an open file,
// which the process keeps by a mapping without access (PROT_NONE), not by a descriptor. The kernel drops the mapping
// when the process ends or calls exec; forked children do not inherit it, and no program closes it by its number.
// Nothing allocates or changes errno.
#pragma once

#include "preload/base/file_identity.h"
#include "preload/base/text.h"

namespace cistern::preload {

class HeldImageLock {
 public:
  // Locks the file `identity` at `path`. Returns false where that is impossible: no locks in this file system, or the
  // process may not ask for them.
  bool hold(const PathText& path, const FileIdentity& identity) noexcept;
  void release() noexcept;
  // In a forked child, which has no such mapping.
  void abandon() noexcept { mapping_ = 0; }

 private:
  long mapping_ = 0;
};

// Whether a running image holds the lock on the file at `path`.
bool is_image_running(const PathText& path) noexcept;

}  // namespace cistern::preload
