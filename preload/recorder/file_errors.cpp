#include "preload/recorder/file_errors.h"

#include <errno.h>

namespace cistern::preload {

std::string_view reason_of(int error) noexcept {
  switch (error) {
    case EEXIST:
      return "the file exists (option force overwrites it)";
    case EFBIG:  // also where the profile has reached the option max_size
      return "the size limit is reached (option max_size, or ulimit -f)";
    case ENOSPC:
    case EDQUOT:
      return "no space left";
    case EACCES:
    case EPERM:
    case EROFS:
      return "no permission to write";
    case ENOENT:
    case ENOTDIR:
      return "no such directory";
    case ENAMETOOLONG:
      return "the path is too long";
    case EMFILE:
    case ENFILE:
      return "no file descriptor is free";
    case EINVAL:
      return "not a regular file";
    case EBADF:  // GuardedFile: the descriptor leads to another file
      return "the program closed or replaced the file descriptor";
    case ESTALE:  // GuardedFile: the file is shorter than what was written to it
      return "the file was truncated";
    default:
      return "the file cannot be written";
  }
}

}  // namespace cistern::preload
