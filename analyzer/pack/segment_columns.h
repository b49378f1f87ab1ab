// The columns of one packed event segment, decompressed, and its events. One object for each thread; it keeps its
// memory.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "analyzer/pack/column_reader.h"
#include "analyzer/pack/compressor.h"
#include "cistern/format/segment.h"

namespace cistern::analyzer {

class SegmentColumns {
 public:
  // Returns false when the payload holds no columns of content of the header's size. The payload outlives the reading.
  // Requires: the codec is kColumns.
  bool open(const SegmentHeader& header, std::span<const uint8_t> payload);

  ColumnReader& reader() noexcept { return reader_; }
  // As many as the segment says it has.
  uint64_t events() const noexcept { return events_; }
  // Whether the events that were read are those that were packed, all of them.
  bool is_whole() const noexcept { return reader_.at_end() && reader_.check() == check_; }

 private:
  Decompressor decompressor_;
  ColumnReader reader_;
  std::array<std::string, kColumns> pieces_;
  uint64_t check_ = 0;
  uint64_t events_ = 0;
};

}  // namespace cistern::analyzer
