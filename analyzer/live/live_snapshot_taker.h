// `--ring snapshot`: replaces the events of a running process by a snapshot. When enough new segments have come, a new
// snapshot is made of the previous one and of all published events, and these segments are released from the profile
// file. So the disk holds one snapshot (two while one is written), whose size depends on live memory and not on the
// number of events, and new segments of a multiple of its size. Errors: Failure; the profile is left as it is.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/live/live_packer.h"
#include "analyzer/live/live_profile.h"

namespace cistern::analyzer {

class LiveSnapshotTaker : public LivePacker {
 public:
  explicit LiveSnapshotTaker(const ListedImage& image);

  uint64_t pack_new_segments() override;
  bool ended() const override { return profile_.ended(); }
  void unlock() override { profile_.unlock(); }

 private:
  bool window_file_is_complete() const;
  bool take_snapshot();

  LiveProfile profile_;
  std::string packed_path_;
  uint64_t newest_ = 0;         // time of the newest event in the segments before next()
  uint64_t snapshot_next_ = 0;  // next() when the last snapshot was taken
  uint64_t safe_until_ = 0;     // the snapshot file has everything before this offset
  uint64_t packed_bytes_ = 0;
  uint64_t due_bytes_;  // new segments after which the next snapshot is taken
};

}  // namespace cistern::analyzer
