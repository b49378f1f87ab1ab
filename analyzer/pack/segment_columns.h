// The decompressed columns of a packed event segment, and its events. One object per thread; it keeps its memory.
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
  // Decompresses the columns. Returns false if they are malformed. Requires: the codec is kColumns; the payload stays
  // valid while events are read.
  bool open(const SegmentHeader& header, std::span<const uint8_t> payload);

  ColumnReader& reader() noexcept { return reader_; }
  // The number of events by the segment's header.
  uint64_t events() const noexcept { return events_; }
  // Whether all events that were packed have been read.
  bool is_whole() const noexcept { return reader_.at_end() && reader_.check() == check_; }

 private:
  Decompressor decompressor_;
  ColumnReader reader_;
  std::array<std::string, kColumns> pieces_;
  uint64_t check_ = 0;
  uint64_t events_ = 0;
};

}  // namespace cistern::analyzer
