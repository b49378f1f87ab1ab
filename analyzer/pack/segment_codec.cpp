#include "analyzer/pack/segment_codec.h"

#include <algorithm>

#include "analyzer/pack/column_unpacker.h"
#include "cistern/format/checksum.h"
#include "cistern/format/varint.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kLeastForColumns = 2048;
// For Proof::kSample.
constexpr uint64_t kFirstToProve = 4;
constexpr uint64_t kProveOneOf = 16;

std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The order of ops, places and sizes repeats like the program's loops. Times, addresses and ids repeat only by chance.
Piece piece_of(Column column) {
  const bool of_events = column == Column::kTags || column == Column::kPlaces || column == Column::kSizes;
  return of_events ? Piece::kLongRepeats : Piece::kShortRepeats;
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
  if (header.codec == Codec::kColumns) {
    return columns_.open(header, payload) && unpack_columns(columns_.reader(), header.content_bytes, content) &&
           columns_.is_whole();
  }
  if (header.codec == Codec::kPlain) {
    content.assign(payload.begin(), payload.end());
    return header.content_bytes == payload.size();
  }
  const bool whole = decompressor_.decompress(text_of(payload), header.content_bytes, piece_);
  if (whole) content.assign(piece_.begin(), piece_.end());
  return whole;
}

void SegmentPacker::pack(SegmentHeader& header, std::span<const uint8_t> content, std::string& payload) {
  header.content_bytes = static_cast<uint32_t>(content.size());
  const bool columns = header.kind == SegmentKind::kEvents && content.size() >= kLeastForColumns;
  if (!columns || !pack_columns(header, content, payload) || (is_due() && !unpacks(header, content, payload))) {
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

bool SegmentPacker::pack_columns(SegmentHeader& header, std::span<const uint8_t> content, std::string& payload) {
  if (!packer_.pack(content, header.first_time, columns_)) return false;
  header.codec = Codec::kColumns;
  const uint64_t check = packer_.check();
  payload.assign(reinterpret_cast<const char*>(&check), sizeof check);
  for (size_t i = 0; i < kColumns; ++i) {
    const std::string_view column = columns_[i];
    const std::string_view packed = compressor_.compress(column, piece_of(static_cast<Column>(i)));
    const std::string_view stored = packed.size() < column.size() ? packed : column;
    append_varint(payload, column.size());
    append_varint(payload, stored.size());
    payload += stored;
  }
  return true;
}

// Whether the segment that was just packed must be unpacked again.
bool SegmentPacker::is_due() noexcept {
  const uint64_t number = packed_++;
  return proof_ == Proof::kAll || number < kFirstToProve || number % kProveOneOf == 0;
}

bool SegmentPacker::unpacks(const SegmentHeader& header, std::span<const uint8_t> content, const std::string& payload) {
  const std::span<const uint8_t> packed(reinterpret_cast<const uint8_t*>(payload.data()), payload.size());
  return unpacker_.unpack(header, packed, unpacked_) &&
         std::equal(content.begin(), content.end(), unpacked_.begin(), unpacked_.end());
}

}  // namespace cistern::analyzer
