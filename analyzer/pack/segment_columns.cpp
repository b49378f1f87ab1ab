#include "analyzer/pack/segment_columns.h"

#include <cstring>

#include "cistern/format/limits.h"

namespace cistern::analyzer {

bool SegmentColumns::open(const SegmentHeader& header, std::span<const uint8_t> payload) {
  Cursor in(payload.data(), payload.data() + payload.size());
  const std::string_view check = in.bytes(sizeof check_);
  if (!in.ok() || header.content_bytes > kMaxSegmentBytes) return false;
  std::memcpy(&check_, check.data(), sizeof check_);
  Columns columns;
  for (size_t i = 0; i < kColumns; ++i) {
    const uint64_t column_bytes = in.varint();
    const std::string_view stored = in.sized_bytes();
    if (!in.ok() || column_bytes > kMaxColumnBytes) return false;
    if (stored.size() == column_bytes) {
      columns[i] = stored;
      continue;
    }
    if (!decompressor_.decompress(stored, column_bytes, pieces_[i])) return false;
    columns[i] = pieces_[i];
  }
  events_ = columns[static_cast<size_t>(Column::kTags)].size();
  if (events_ > header.content_bytes / kMinEventBytes) return false;
  reader_.begin(columns, header.first_time);
  return true;
}

}  // namespace cistern::analyzer
