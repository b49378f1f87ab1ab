// `--ring drain`: packs the profile of a running process. Each segment is appended to the packed file, then released
// from the profile file: at any moment one of the two files has it whole. Errors: Failure; the profile is left as it
// is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/live/live_packer.h"
#include "analyzer/live/live_profile.h"
#include "analyzer/write/packed_file.h"

namespace cistern::analyzer {

class LiveProfilePacker : public LivePacker {
 public:
  explicit LiveProfilePacker(const ListedImage& image);

  uint64_t pack_new_segments() override;
  bool ended() const override { return profile_.ended(); }
  void unlock() override { profile_.unlock(); }

 private:
  bool read_segment(FoundSegment& segment);

  LiveProfile profile_;
  std::string packed_path_;
  std::unique_ptr<PackedFile> packed_;  // created for the first segment
  std::vector<uint8_t> payload_;
};

}  // namespace cistern::analyzer
