// The codecs of segments: packs plain payloads, and unpacks them to the same bytes. One object per thread; it keeps its
// memory, about 2 MiB at most. Two checks protect against errors of the codec: a packed segment is unpacked again and
// compared (Proof), and a checksum of the events is stored, which every reader compares.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analyzer/pack/column_packer.h"
#include "analyzer/pack/compressor.h"
#include "analyzer/pack/segment_columns.h"
#include "cistern/format/segment.h"

namespace cistern::analyzer {

constexpr bool is_known(Codec codec) noexcept {
  return codec == Codec::kPlain || codec == Codec::kZstd || codec == Codec::kColumns;
}

constexpr bool is_packed(const SegmentHeader& header) noexcept {
  return header.codec != Codec::kPlain;
}

// Which segments with codec `columns` are unpacked again and compared. This takes a third of the packing time.
enum class Proof : uint8_t {
  kAll,
  // The first few, then one of many. For segments that this version's recorder has just written, while the program
  // needs the processor. An error of the codec would show in most segments, or in rare events, where the checksum shows
  // it. Not for segments of other writers, whose encoding may differ.
  kSample,
};

class SegmentUnpacker {
 public:
  // Sets `content` to the content of a segment. Returns false if the payload does not unpack to header.content_bytes
  // bytes; then `content` has the part before the error. Requires: is_known(header.codec).
  bool unpack(const SegmentHeader& header, std::span<const uint8_t> payload, std::vector<uint8_t>& content);

 private:
  Decompressor decompressor_;
  SegmentColumns columns_;
  std::string piece_;
};

class SegmentPacker {
 public:
  explicit SegmentPacker(Proof proof = Proof::kAll) : proof_(proof) {}

  // Packs a plain segment: sets `payload`, and codec, sizes and checksum of `header`. A segment that does not get
  // smaller stays plain.
  void pack(SegmentHeader& header, std::span<const uint8_t> content, std::string& payload);

 private:
  bool pack_columns(SegmentHeader& header, std::span<const uint8_t> content, std::string& payload);
  bool is_due() noexcept;
  bool unpacks(const SegmentHeader& header, std::span<const uint8_t> content, const std::string& payload);

  Proof proof_;
  uint64_t packed_ = 0;  // segments with codec `columns`
  Compressor compressor_;
  ColumnPacker packer_;
  Columns columns_;
  SegmentUnpacker unpacker_;
  std::vector<uint8_t> unpacked_;
};

}  // namespace cistern::analyzer
