#include "analyzer/pack/segment_codec.h"

#include <algorithm>

#include "cistern/checksum.h"
#include "cistern/varint.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kLeastForColumns = 2048;
// Of one column; and of a segment's content, which is more than this version writes.
constexpr uint64_t kMostColumnBytes = 4 * uint64_t{kMaxSegmentBytes};

std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void append_varint(std::string& out, uint64_t value) {
  uint8_t bytes[kMaxVarintBytes];
  const uint8_t* const end = put_varint(bytes, value);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
}

}  // namespace

bool SegmentUnpacker::unpack(const SegmentHeader& header, std::span<const uint8_t> payload,
                             std::vector<uint8_t>& content) {
  content.clear();
  if (header.content_bytes > kMaxSegmentBytes) return false;
  if (header.codec == Codec::kColumns) return unpack_columns(header, payload, content);
  if (header.codec == Codec::kPlain) {
    content.assign(payload.begin(), payload.end());
    return header.content_bytes == payload.size();
  }
  const bool whole = decompressor_.decompress(text_of(payload), header.content_bytes, pieces_[0]);
  if (whole) content.assign(pieces_[0].begin(), pieces_[0].end());
  return whole;
}

bool SegmentUnpacker::unpack_columns(const SegmentHeader& header, std::span<const uint8_t> payload,
                                     std::vector<uint8_t>& content) {
  Cursor in(text_of(payload));
  for (size_t i = 0; i < kColumns; ++i) {
    const uint64_t column_bytes = in.varint();
    const std::string_view stored = in.sized_bytes();
    if (!in.ok() || column_bytes > kMostColumnBytes) return false;
    if (stored.size() == column_bytes) {
      columns_[i] = stored;
      continue;
    }
    if (!decompressor_.decompress(stored, column_bytes, pieces_[i])) return false;
    columns_[i] = pieces_[i];
  }
  return unpacker_.unpack(columns_, header.first_time, header.content_bytes, content);
}

void SegmentPacker::pack(SegmentHeader& header, std::span<const uint8_t> content, std::string& payload) {
  header.content_bytes = static_cast<uint32_t>(content.size());
  const bool columns = header.kind == SegmentKind::kEvents && content.size() >= kLeastForColumns;
  if (columns && pack_columns(header, content, payload)) {
    header.codec = Codec::kColumns;
  } else {
    header.codec = Codec::kZstd;
    payload = compressor_.compress(text_of(content));
  }
  const bool good =
      unpacker_.unpack(header, {reinterpret_cast<const uint8_t*>(payload.data()), payload.size()}, unpacked_);
  if (!good || !std::equal(content.begin(), content.end(), unpacked_.begin(), unpacked_.end())) {
    header.codec = Codec::kZstd;
    payload = compressor_.compress(text_of(content));
  }
  if (payload.size() >= content.size()) {
    header.codec = Codec::kPlain;
    payload = text_of(content);
  }
  header.payload_bytes = static_cast<uint32_t>(payload.size());
  header.room_bytes = 0;
  header.checksum = checksum_of(header, payload.data());
}

bool SegmentPacker::pack_columns(const SegmentHeader& header, std::span<const uint8_t> content, std::string& payload) {
  if (!packer_.pack(content, header.first_time, columns_)) return false;
  payload.clear();
  for (const std::string_view column : columns_) {
    const std::string_view packed = compressor_.compress(column);
    const std::string_view stored = packed.size() < column.size() ? packed : column;
    append_varint(payload, column.size());
    append_varint(payload, stored.size());
    payload += stored;
  }
  return true;
}

}  // namespace cistern::analyzer
