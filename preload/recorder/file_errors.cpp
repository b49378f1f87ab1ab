#include "preload/recorder/file_errors.h"

#include <errno.h>

#include "preload/recorder/jumps.h"
#include "preload/ring/profile_output.h"

namespace cistern::preload {

std::string_view reason_of(int error) noexcept {
  switch (error) {
    case EEXIST:
      return "the file exists (option force overwrites it)";
    case EBUSY:
      return "a running process records to this file";
    case kSizeLimitReached:
      return "the size limit is reached (option max-size)";
    case EFBIG:
      return "the limit on the size of files is reached (ulimit -f)";
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
    case kLeftByJump:
      return "a signal handler of the program jumped out of the recorder (siglongjmp)";
    case EIDRM:  // GuardedFile: no path leads to it
      return "the file was deleted";
    default:
      return "the file cannot be written";
  }
}

StopReason stop_reason_of(int error) noexcept {
  switch (error) {
    case kSizeLimitReached:
      return StopReason::kSizeLimit;
    case EFBIG:
      return StopReason::kFileSizeLimit;
    case ENOSPC:
    case EDQUOT:
      return StopReason::kNoSpace;
    case EACCES:
    case EPERM:
    case EROFS:
      return StopReason::kNoPermission;
    case EIDRM:
      return StopReason::kDeleted;
    case ESTALE:
      return StopReason::kTruncated;
    case EBADF:
      return StopReason::kDescriptor;
    case kLeftByJump:
      return StopReason::kJump;
    default:
      return StopReason::kOther;
  }
}

}  // namespace cistern::preload
