// One image whose events become totals while its process runs. When enough has come since the last snapshot, a new
// one is made of that and of all that the threads have published, and what it has is taken out of the profile file. So
// the disk holds one snapshot, which grows with what is live and not with what happened, another one while that is
// made, and a multiple of it in segments.
// Errors: Failure; the image is then left as it is.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/live/live_profile.h"

namespace cistern::analyzer {

class SnapshotTaker : public LiveImage {
 public:
  explicit SnapshotTaker(const ListedImage& image);

  uint64_t drain() override;
  bool ended() const override { return profile_.ended(); }

 private:
  bool window_holds_all() const;
  bool make_snapshot();

  LiveProfile profile_;
  std::string packed_path_;
  uint64_t newest_ = 0;      // event in the segments that were passed
  uint64_t looked_at_ = 0;   // where the next segment began when the last snapshot was made
  uint64_t safe_until_ = 0;  // what lies before it is in the snapshot
  uint64_t packed_bytes_ = 0;
  uint64_t due_bytes_;  // of the profile file since then
};

}  // namespace cistern::analyzer
