// One image whose profile is packed while its process runs. What the process has appended to its profile file is packed
// into a file of its own and then taken out of the profile file, by a hole: the process goes on appending behind it and
// never waits. Whatever happens to either side, each segment is whole in one of the two. The process learns by a word
// in its window how much room that saves.
// Errors: Failure; the image is then left as it is.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/pack/segment_codec.h"
#include "analyzer/record/descriptor.h"
#include "analyzer/record/image_list.h"
#include "analyzer/record/packed_file.h"

namespace cistern::analyzer {

class DrainedImage {
 public:
  explicit DrainedImage(const ListedImage& image);

  // Packs what there is, up to some MiB. Returns how many bytes of the profile file it went through.
  uint64_t drain();
  // Whether the process has folded its window or is no more: the rest is for the harvest.
  bool ended() const;

 private:
  bool read_segment(uint64_t end, FoundSegment& segment);
  void take_out();

  Descriptor profile_;
  ProfileHeader header_;
  Descriptor window_;
  std::string packed_path_;
  std::unique_ptr<PackedFile> packed_;        // made for the first segment
  uint64_t next_ = kProfileHeaderBytes;       // segments before it are packed
  uint64_t taken_out_ = kProfileHeaderBytes;  // and before it, gone from the profile file
  std::vector<uint8_t> payload_;
};

}  // namespace cistern::analyzer
