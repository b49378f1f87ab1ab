// The codecs of segments: plain payloads packed, and unpacked to the same bytes. What is packed was unpacked again and
// compared, so nothing is lost to a fault here. One object for each thread; it keeps its memory, some 2 MiB at most.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analyzer/pack/column_codec.h"
#include "analyzer/pack/compressor.h"
#include "cistern/segment.h"

namespace cistern::analyzer {

constexpr bool is_known(Codec codec) noexcept {
  return codec == Codec::kPlain || codec == Codec::kZstd || codec == Codec::kColumns;
}

constexpr bool is_packed(const SegmentHeader& header) noexcept {
  return header.codec != Codec::kPlain;
}

class SegmentUnpacker {
 public:
  // Sets `content` to the content of a segment. Returns false when the payload does not make header.content_bytes of
  // it; then `content` has what came before the fault. Requires: is_known(header.codec).
  bool unpack(const SegmentHeader& header, std::span<const uint8_t> payload, std::vector<uint8_t>& content);

 private:
  bool unpack_columns(const SegmentHeader& header, std::span<const uint8_t> payload, std::vector<uint8_t>& content);

  Decompressor decompressor_;
  ColumnUnpacker unpacker_;
  Columns columns_;
  std::array<std::string, kColumns> pieces_;
};

class SegmentPacker {
 public:
  // Packs a plain segment: sets `payload` to what is to follow the header, and in it the codec, the size and the
  // checksum. What does not get smaller stays plain.
  void pack(SegmentHeader& header, std::span<const uint8_t> content, std::string& payload);

 private:
  bool pack_columns(const SegmentHeader& header, std::span<const uint8_t> content, std::string& payload);

  Compressor compressor_;
  ColumnPacker packer_;
  Columns columns_;
  SegmentUnpacker unpacker_;
  std::vector<uint8_t> unpacked_;
};

}  // namespace cistern::analyzer
