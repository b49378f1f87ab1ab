// The profile file of a running process, which appends sealed segments to it. Reads the segments one after another, and
// releases the disk space of those that are stored elsewhere by punching a hole: the process appends behind the hole
// and never waits. A field of the process's window tells it how many bytes that saves. Errors: Failure.
#pragma once

#include <cstdint>
#include <optional>

#include "analyzer/live/image_source.h"
#include "analyzer/read/found_segment.h"
#include "analyzer/write/descriptor.h"
#include "analyzer/write/packer_lock.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

class LiveProfile {
 public:
  // Continues behind the hole that an earlier packer left. Errors: also when another process packs the profile.
  explicit LiveProfile(const ListedImage& image);

  const ProfileHeader& header() const noexcept { return header_; }
  const std::string& path() const noexcept { return profile_.path(); }
  const std::string& window_path() const noexcept { return window_.path(); }
  const Descriptor& window() const noexcept { return window_; }
  const Descriptor& file() const noexcept { return profile_; }

  // The offset at which the process appends its next segment.
  uint64_t end() const;
  // The offset of the next segment to read.
  uint64_t next() const noexcept { return next_; }
  // Reads the header of the segment at next(). False when no segment is complete there, or when threads that run after
  // the window was finalized still add to it: collect() handles these.
  bool next_header(SegmentHeader& header) const;
  // Moves next() behind the segment with this header.
  void advance(const SegmentHeader& header) noexcept { next_ += place_bytes(header); }

  // Releases the disk space of the file before `until`. Does nothing while a reader holds a lock on the file, or where
  // the file system cannot punch holes. `stored_bytes`: what the released segments take where they are stored now.
  void punch_hole(uint64_t until, uint64_t stored_bytes);

  // Others may pack the profile from now on.
  void unlock() { lock_.reset(); }

  // Whether the process has finalized its window or has ended.
  bool ended() const;

 private:
  uint64_t first_segment() const;

  std::optional<PackerLock> lock_;
  Descriptor profile_;
  ProfileHeader header_;
  Descriptor window_;
  uint64_t next_;
  uint64_t hole_end_;
};

}  // namespace cistern::analyzer
