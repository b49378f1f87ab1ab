// The profile file of an image whose process appends to it: its sealed segments, one after another, and taking them out
// when they are safe elsewhere, by a hole: the process goes on appending behind it and never waits. The process learns
// by a word in its window how much room that saves. Errors: Failure.
#pragma once

#include <cstdint>

#include "analyzer/read/found_segment.h"
#include "analyzer/write/descriptor.h"
#include "analyzer/live/image_list.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

class LiveProfile {
 public:
  explicit LiveProfile(const ListedImage& image);

  const ProfileHeader& header() const noexcept { return header_; }
  const std::string& path() const noexcept { return profile_.path(); }
  const std::string& window_path() const noexcept { return window_.path(); }
  const Descriptor& window() const noexcept { return window_; }
  const Descriptor& file() const noexcept { return profile_; }

  // Where the process puts its next segment.
  uint64_t end() const;
  // Where the next segment that was not passed begins.
  uint64_t next() const noexcept { return next_; }
  // The header of the segment there. False when none is complete, or threads that outlived the window add to it: what
  // comes from then on is the collect's.
  bool next_header(SegmentHeader& header) const;
  void pass(const SegmentHeader& header) noexcept { next_ += place_bytes(header); }

  // Takes what lies before `until` out of the file, unless a reader holds a lock on it: then what it has found stays.
  // `elsewhere_bytes` is what it takes now. Where the file system makes no holes, the file keeps everything.
  void take_out(uint64_t until, uint64_t elsewhere_bytes);

  // Whether the process has finalized its window or is no more: the rest is for the collect.
  bool ended() const;

 private:
  Descriptor profile_;
  ProfileHeader header_;
  Descriptor window_;
  uint64_t next_ = kProfileHeaderBytes;
  uint64_t taken_out_ = kProfileHeaderBytes;  // what lies before it is gone
};

// What is done with such a profile meanwhile.
class LiveImage {
 public:
  virtual ~LiveImage() = default;
  // Does what there is to do, up to some MiB. Returns how many bytes of the profile file it went through.
  virtual uint64_t drain() = 0;
  virtual bool ended() const = 0;
};

}  // namespace cistern::analyzer
