#include "analyzer/live/live_profile_packer.h"

#include "analyzer/read/image_paths.h"
#include "analyzer/write/finalize_packed.h"
#include "analyzer/write/profile_outline.h"

namespace cistern::analyzer {

LiveProfilePacker::LiveProfilePacker(const ListedImage& image)
    : profile_(image), packed_path_(packed_of(image.profile, profile_.header())) {}

bool LiveProfilePacker::read_segment(FoundSegment& segment) {
  if (!profile_.next_header(segment.header)) return false;
  segment.offset = profile_.next();
  payload_.resize(segment.header.payload_bytes);
  const uint64_t begin = profile_.next() + sizeof segment.header;
  if (profile_.file().read_at(begin, payload_.data(), payload_.size()) != payload_.size()) return false;
  segment.payload = payload_;
  return is_whole(segment);
}

uint64_t LiveProfilePacker::pack_new_segments() {
  constexpr uint64_t kMaxBytesAtOnce = uint64_t{16} << 20;
  const uint64_t begin = profile_.next();
  if (packed_ == nullptr && profile_.end() < kMinBytesToPack) return 0;
  FoundSegment segment;
  while (profile_.next() - begin < kMaxBytesAtOnce && read_segment(segment)) {
    if (packed_ == nullptr)
      packed_ = std::make_unique<PackedFile>(packed_path_, profile_.header(), false, Proof::kSample);
    packed_->append(segment);
    profile_.advance(segment.header);
  }
  if (packed_ != nullptr) profile_.punch_hole(profile_.next(), packed_->size_bytes());
  return profile_.next() - begin;
}

}  // namespace cistern::analyzer
