#include "analyzer/live/live_profile.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>

#include "analyzer/read/failure.h"
#include "analyzer/read/image_liveness.h"
#include "analyzer/read/image_paths.h"
#include "cistern/format/window_layout.h"

namespace cistern::analyzer {
namespace {

constexpr uint64_t kBlockBytes = 4096;  // of most file systems; the header page has this size
constexpr uint64_t kMaxBlockBytes = 64 * 1024;
constexpr uint64_t kFileEnd = kWindowControlOffset + offsetof(WindowControl, file_end);
constexpr uint64_t kSavedBytes = kWindowControlOffset + offsetof(WindowControl, saved_bytes);

ProfileHeader header_at(const Descriptor& profile, const ListedImage& image) {
  const auto header = profile.value_at<ProfileHeader>(0);
  if (header.role != FileRole::kProfile || header.image.pid != image.pid || header.image.number != image.number) {
    throw unreadable(profile.path(), "was replaced while it was written");
  }
  return header;
}

}  // namespace

LiveProfile::LiveProfile(const ListedImage& image)
    : lock_(image.profile),
      profile_(image.profile, O_RDWR | O_NONBLOCK),
      header_(header_at(profile_, image)),
      window_(window_of(image.profile, header_), O_RDWR | O_NONBLOCK),
      next_(first_segment()),
      hole_end_(next_) {}

// The offset of the first segment that is not in a hole: there are zeros before it.
uint64_t LiveProfile::first_segment() const {
  const off_t data = lseek(profile_.number(), kProfileHeaderBytes, SEEK_DATA);
  if (data < 0 || static_cast<uint64_t>(data) >= end()) return std::max<uint64_t>(kProfileHeaderBytes, end());
  const uint64_t until = std::min(end(), static_cast<uint64_t>(data) + kMaxBlockBytes);
  for (auto at = static_cast<uint64_t>(data); at < until; at += kSegmentAlignment) {
    if (profile_.value_at<uint32_t>(at) == kSegmentMagic) return at;
  }
  throw unreadable(profile_.path(), "no segment follows what was packed");
}

bool LiveProfile::ended() const {
  struct stat status;
  if (fstat(window_.number(), &status) != 0 || status.st_nlink == 0) return true;
  return liveness_of(profile_.path(), header_, profile_.number()) == Liveness::kEnded;
}

uint64_t LiveProfile::end() const {
  return window_.value_at<uint64_t>(kFileEnd);
}

bool LiveProfile::next_header(SegmentHeader& header) const {
  header = profile_.value_at<SegmentHeader>(next_);
  if (header.magic != kSegmentMagic || header.header_bytes != sizeof header || header.room_bytes != 0) return false;
  if (header.pid != header_.image.pid || header.generation != header_.generation) return false;
  return header.payload_bytes <= kMaxPayloadBytes && next_ + place_bytes(header) <= end();
}

void LiveProfile::punch_hole(uint64_t until, uint64_t stored_bytes) {
  if (hole_end_ >= until || flock(profile_.number(), LOCK_EX | LOCK_NB) != 0) return;
  // Begins at the start of the block, which is released already: else each hole would leave a block of zeros.
  const uint64_t begin = hole_end_ & ~(kBlockBytes - 1);
  const int error = fallocate(profile_.number(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(begin),
                              static_cast<off_t>(until - begin));
  flock(profile_.number(), LOCK_UN);
  if (error != 0) return;
  hole_end_ = until;
  const uint64_t released = hole_end_ - kProfileHeaderBytes;
  const uint64_t saved = released > stored_bytes ? released - stored_bytes : 0;
  window_.write_at(kSavedBytes, &saved, sizeof saved);
}

}  // namespace cistern::analyzer
