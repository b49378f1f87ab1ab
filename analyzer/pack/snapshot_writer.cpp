#include "analyzer/pack/snapshot_writer.h"

namespace cistern::analyzer {
namespace {

void append_varint(std::string& out, uint64_t value) {
  uint8_t bytes[kMaxVarintBytes];
  const uint8_t* const end = put_varint(bytes, value);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
}

}  // namespace

void SnapshotWriter::begin(SnapshotTable table, size_t columns) {
  end_record();
  table_ = table;
  columns_.assign(columns, {});
}

void SnapshotWriter::put(size_t column, uint64_t cell) {
  Column& into = columns_[column];
  const size_t before = into.bytes.size();
  append_varint(into.bytes, zigzag(static_cast<int64_t>(cell - into.above)));
  into.above = cell;
  cell_bytes_ += into.bytes.size() - before;
}

// The next rows of the table are relative to 0 again.
void SnapshotWriter::end_record() {
  if (rows_ == 0) return;
  std::string cells;
  for (Column& column : columns_) {
    append_varint(cells, column.bytes.size());
    cells += column.bytes;
    column = {};
  }
  std::string fields;
  append_varint(fields, static_cast<uint32_t>(table_));
  append_varint(fields, columns_.size());
  append_varint(fields, rows_);
  append_varint(fields, cells.size());
  if (content_.size() + framed_bytes(fields.size() + cells.size()) > kMostContentBytes) end_segment();
  append_varint(content_, static_cast<uint32_t>(SnapshotRecord::kType));
  append_varint(content_, fields.size() + cells.size());
  content_ += fields;
  content_ += cells;
  rows_ = 0;
  cell_bytes_ = 0;
}

void SnapshotWriter::end_segment() {
  if (content_.empty()) return;
  sink_(content_);
  ++segments_;
  content_.clear();
}

// The row is in a segment of its own, so the number of segments is known.
void SnapshotWriter::finish(SnapshotHeap heap) {
  end_record();
  end_segment();
  heap.parts = segments_ + 1;
  add(heap);
  end_record();
  end_segment();
}

}  // namespace cistern::analyzer
