// The codecs of segments: plain payloads packed, and unpacked to the same bytes. One object for each thread; it keeps
// its memory, some 2 MiB at most. That nothing is lost to a fault here is made sure of twice. What was packed is
// unpacked again and compared (Proof), and a checksum of the events is stored, which whoever reads them compares.
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

// Which segments of columns are unpacked again when they have been packed: which takes a third of the time.
enum class Proof : uint8_t {
  kAll,
  // The first few, and then one of many: for what this version's recorder has just written, while its program waits for
  // the processor. A fault of the codec's would show in most segments or be of a rare kind of event, and the checksum
  // tells of it. Of what others wrote it is not known that it is written as our encoder does.
  kSample,
};

class SegmentUnpacker {
 public:
  // Sets `content` to the content of a segment. Returns false when the payload does not make header.content_bytes of
  // it; then `content` has what came before the fault. Requires: is_known(header.codec).
  bool unpack(const SegmentHeader& header, std::span<const uint8_t> payload, std::vector<uint8_t>& content);

 private:
  Decompressor decompressor_;
  SegmentColumns columns_;
  std::string piece_;
};

class SegmentPacker {
 public:
  explicit SegmentPacker(Proof proof = Proof::kAll) : proof_(proof) {}

  // Packs a plain segment: sets `payload` to what is to follow the header, and in it the codec, the size and the
  // checksum. What does not get smaller stays plain.
  void pack(SegmentHeader& header, std::span<const uint8_t> content, std::string& payload);

 private:
  bool pack_columns(SegmentHeader& header, std::span<const uint8_t> content, std::string& payload);
  bool is_due() noexcept;
  bool unpacks(const SegmentHeader& header, std::span<const uint8_t> content, const std::string& payload);

  Proof proof_;
  uint64_t packed_ = 0;  // segments of columns
  Compressor compressor_;
  ColumnPacker packer_;
  Columns columns_;
  SegmentUnpacker unpacker_;
  std::vector<uint8_t> unpacked_;
};

}  // namespace cistern::analyzer
