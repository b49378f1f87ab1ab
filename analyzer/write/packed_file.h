// A profile file of packed segments (or plain ones) that is being made: a header page, and segments one after another.
// Whoever is killed while it grows leaves whole segments and at most one that the file's end cuts short. One writer at
// a time. Errors: Failure, naming the file.
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
  // Makes the file, or goes on with one of the same image, unless `plain`: then everything is unpacked.
  PackedFile(const std::string& path, const ProfileHeader& header, bool plain = false, Proof proof = Proof::kAll);

  bool has(const SegmentKey& key) const { return segments_.contains(key); }
  // Adds a segment unless it is there, packed unless it is already.
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
