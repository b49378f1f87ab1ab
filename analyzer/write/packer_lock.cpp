#include "analyzer/write/packer_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "analyzer/read/failure.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

PackerLock::PackerLock(const std::string& profile) : file_(profile, O_RDWR | O_NONBLOCK) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = kPackerLockByte;
  lock.l_len = 1;
  if (fcntl(file_.number(), F_OFD_SETLK, &lock) == 0 || (errno != EAGAIN && errno != EACCES)) return;
  throw unreadable(profile, "another cistern packs it");
}

}  // namespace cistern::analyzer
