// Writes the segments of a snapshot (cistern/format/snapshot_records.h) from the rows of its tables. Keeps the content
// of one segment in memory.
#pragma once

#include <bit>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cistern/format/snapshot_records.h"
#include "cistern/format/window_layout.h"

namespace cistern::analyzer {

class SnapshotWriter {
 public:
  // `sink` is called with the content of each segment, in order.
  using Sink = std::function<void(std::string_view content)>;
  explicit SnapshotWriter(Sink sink) : sink_(std::move(sink)) {}

  // Requires: the rows of a table are added one after another.
  template <typename Row>
  void add(const Row& row) {
    const auto cells = std::bit_cast<std::array<uint64_t, kColumnsOf<Row>>>(row);
    if (table_ != Row::kTable || columns_.size() != cells.size()) begin(Row::kTable, cells.size());
    for (size_t i = 0; i < cells.size(); ++i) put(i, cells[i]);
    ++rows_;
    if (cell_bytes_ > kMostCellBytes) end_record();
  }

  // Sets `heap.parts`, adds the heap's row, and ends the last segment.
  void finish(SnapshotHeap heap);

 private:
  static constexpr size_t kMostCellBytes = 64 << 10;
  static constexpr size_t kMostContentBytes = 240 << 10;
  static_assert(kMostContentBytes <= kMaxPayloadBytes);
  struct Column {
    std::string bytes;
    uint64_t above = 0;
  };

  void begin(SnapshotTable table, size_t columns);
  void put(size_t column, uint64_t cell);
  void end_record();
  void end_segment();

  Sink sink_;
  SnapshotTable table_{};
  std::vector<Column> columns_;
  uint64_t rows_ = 0;
  size_t cell_bytes_ = 0;
  std::string content_;
  uint64_t segments_ = 0;
};

}  // namespace cistern::analyzer
