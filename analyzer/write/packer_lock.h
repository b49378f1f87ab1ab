// The lock of whoever packs or finishes a profile (kPackerLockByte): `cistern run`, `drain`, `pack`. One at a time,
// also among threads of one process. It ends with the object, or with the process.
#pragma once

#include <string>

#include "analyzer/write/descriptor.h"

namespace cistern::analyzer {

class PackerLock {
 public:
  // Opens and locks `profile`. Does not lock where the file system has no locks.
  // Errors: Failure, exit code 3, when another holds the lock.
  explicit PackerLock(const std::string& profile);

 private:
  Descriptor file_;
};

}  // namespace cistern::analyzer
