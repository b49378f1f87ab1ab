#include "analyzer/record/drained_image.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>

#include "analyzer/record/image_paths.h"
#include "analyzer/record/packing.h"
#include "analyzer/record/process_life.h"
#include "analyzer/record/profile_outline.h"
#include "analyzer/record/run_failure.h"
#include "cistern/window.h"

namespace cistern::analyzer {
namespace {

constexpr uint64_t kMostBytesAtOnce = uint64_t{16} << 20;
constexpr uint64_t kBlockBytes = 4096;  // of most file systems; the header page is one
constexpr uint64_t kFileEnd = kWindowControlOffset + offsetof(WindowControl, file_end);
constexpr uint64_t kSavedBytes = kWindowControlOffset + offsetof(WindowControl, saved_bytes);

ProfileHeader header_at(const Descriptor& profile, const ListedImage& image) {
  const auto header = profile.value_at<ProfileHeader>(0);
  if (header.role != FileRole::kProfile || header.image.pid != image.pid || header.image.number != image.number) {
    throw run_failure(profile.path(), "was replaced while it was written");
  }
  return header;
}

}  // namespace

DrainedImage::DrainedImage(const ListedImage& image)
    : profile_(image.profile, O_RDWR | O_NONBLOCK),
      header_(header_at(profile_, image)),
      window_(window_of(image.profile, header_), O_RDWR | O_NONBLOCK),
      packed_path_(packed_of(image.profile, header_)) {}

bool DrainedImage::ended() const {
  struct stat status;
  if (fstat(window_.number(), &status) != 0 || status.st_nlink == 0) return true;
  return !process_lives(header_.image.pid, header_.image.start_ticks);
}

// Threads that outlive the folding of the window have rooms, which grow; what comes from then on is the harvest's.
bool DrainedImage::read_segment(uint64_t end, FoundSegment& segment) {
  segment.header = profile_.value_at<SegmentHeader>(next_);
  const SegmentHeader& header = segment.header;
  if (header.magic != kSegmentMagic || header.header_bytes != sizeof header || header.room_bytes != 0) return false;
  if (header.pid != header_.image.pid || header.generation != header_.generation) return false;
  if (header.payload_bytes > kMaxPayloadBytes || next_ + place_bytes(header) > end) return false;
  payload_.resize(header.payload_bytes);
  segment.offset = next_;
  if (profile_.read_at(next_ + sizeof header, payload_.data(), payload_.size()) != payload_.size()) return false;
  segment.payload = payload_;
  return is_whole(segment);
}

uint64_t DrainedImage::drain() {
  const uint64_t begin = next_;
  const auto end = window_.value_at<uint64_t>(kFileEnd);
  if (packed_ == nullptr && end < kLeastToPack) return 0;
  FoundSegment segment;
  while (next_ - begin < kMostBytesAtOnce && next_ < end && read_segment(end, segment)) {
    if (packed_ == nullptr) packed_ = std::make_unique<PackedFile>(packed_path_, header_, false, Proof::kSample);
    packed_->append(segment);
    next_ += place_bytes(segment.header);
  }
  if (taken_out_ < next_) take_out();
  return next_ - begin;
}

// A reader of the profile holds a lock on it, so that what it has found stays. Where the file system makes no holes,
// the profile keeps everything until the harvest.
void DrainedImage::take_out() {
  if (flock(profile_.number(), LOCK_EX | LOCK_NB) != 0) return;
  // From the block's beginning, which is gone already: else each hole would leave a block of zeros.
  const uint64_t begin = taken_out_ & ~(kBlockBytes - 1);
  const int made = fallocate(profile_.number(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(begin),
                             static_cast<off_t>(next_ - begin));
  flock(profile_.number(), LOCK_UN);
  if (made != 0) return;
  taken_out_ = next_;
  const uint64_t gone = taken_out_ - kProfileHeaderBytes;
  const uint64_t saved = gone > packed_->size_bytes() ? gone - packed_->size_bytes() : 0;
  window_.write_at(kSavedBytes, &saved, sizeof saved);
}

}  // namespace cistern::analyzer
