// One image whose profile is packed while its process runs: into a file of its own, and then out of the profile file.
// Whatever happens to either side, each segment is whole in one of the two.
// Errors: Failure; the image is then left as it is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/live/live_profile.h"
#include "analyzer/write/packed_file.h"

namespace cistern::analyzer {

class DrainedImage : public LiveImage {
 public:
  explicit DrainedImage(const ListedImage& image);

  uint64_t drain() override;
  bool ended() const override { return profile_.ended(); }

 private:
  bool read_segment(FoundSegment& segment);

  LiveProfile profile_;
  std::string packed_path_;
  std::unique_ptr<PackedFile> packed_;  // made for the first segment
  std::vector<uint8_t> payload_;
};

}  // namespace cistern::analyzer
