// Writes a profile file of packed (or plain) segments: a header page, then segments one after another. If the writer is
// killed, the file has whole segments and at most one truncated segment at its end. One writer at a time.
// Errors: Failure, which names the file.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "analyzer/pack/segment_codec.h"
#include "analyzer/read/found_segment.h"
#include "analyzer/write/descriptor.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

class PackedFile {
 public:
  // Creates the file, or continues one of the same image. `plain`: always creates, and unpacks all segments.
  PackedFile(const std::string& path, const ProfileHeader& header, bool plain = false, Proof proof = Proof::kAll);

  bool has(const SegmentKey& key) const { return segments_.contains(key); }
  // Appends a segment unless the file has it; packs it unless it is packed.
  void append(const FoundSegment& segment);
  uint64_t size_bytes() const noexcept { return end_; }

 private:
  std::string payload_of(SegmentHeader& header, std::span<const uint8_t> payload);

  Descriptor file_;
  bool plain_;
  SegmentPacker packer_;
  SegmentUnpacker unpacker_;
  std::vector<uint8_t> content_;
  std::set<SegmentKey> segments_;
  uint64_t end_ = kProfileHeaderBytes;
  std::string bytes_;
};

}  // namespace cistern::analyzer
