// Tables of snapshots: rows are decoded unchanged, also from a later version, and malformed tables are refused.
#include "cistern/format/snapshot_records.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include <vector>

#include "tests/include/format/format_document.h"

namespace cistern {
namespace {

void append_column(std::string& cells, const std::vector<uint64_t>& column) {
  std::string bytes;
  uint64_t above = 0;
  for (const uint64_t cell : column) {
    uint8_t varint[kMaxVarintBytes];
    const uint8_t* const end = put_varint(varint, zigzag(static_cast<int64_t>(cell - above)));
    bytes.append(reinterpret_cast<const char*>(varint), static_cast<size_t>(end - varint));
    above = cell;
  }
  cells += static_cast<char>(bytes.size());
  cells += bytes;
}

std::vector<std::vector<uint64_t>> rows_of(const SnapshotRecord& record, bool& whole) {
  std::vector<std::vector<uint64_t>> rows;
  whole = for_each_row<SnapshotMark>(record, [&](const SnapshotMark& row) {
    rows.push_back({row.time, row.bytes, row.blocks});
  });
  return rows;
}

class SnapshotTables : public testing::Test {
 protected:
  SnapshotTables() {
    append_column(cells_, {500, 400, UINT64_MAX});
    append_column(cells_, {24, 0, 1});
    append_column(cells_, {1, 1, 2});
  }
  std::string cells_;
  bool whole_ = false;
  const std::vector<std::vector<uint64_t>> rows_{{500, 24, 1}, {400, 0, 1}, {UINT64_MAX, 1, 2}};
};

TEST_F(SnapshotTables, EveryRowIsRead) {
  EXPECT_EQ(rows_of({SnapshotTable::kMarks, 3, 3, cells_}, whole_), rows_);
  EXPECT_TRUE(whole_);
}

TEST_F(SnapshotTables, UnknownColumnsAreIgnored) {
  append_column(cells_, {7, 7, 7});
  EXPECT_EQ(rows_of({SnapshotTable::kMarks, 4, 3, cells_}, whole_), rows_);
  EXPECT_TRUE(whole_);
}

TEST_F(SnapshotTables, ATruncatedTableIsMalformed) {
  for (size_t size = 0; size < cells_.size(); ++size) {
    rows_of({SnapshotTable::kMarks, 3, 3, std::string_view(cells_).substr(0, size)}, whole_);
    EXPECT_FALSE(whole_) << size;
  }
  rows_of({SnapshotTable::kMarks, 3, UINT64_MAX, cells_}, whole_);
  EXPECT_FALSE(whole_);
  EXPECT_TRUE(rows_of({SnapshotTable::kMarks, 2, 3, cells_}, whole_).empty());
  EXPECT_FALSE(whole_);
}

template <typename... Rows>
std::map<size_t, size_t> columns_in_headers() {
  return {{static_cast<size_t>(Rows::kTable), kColumnsOf<Rows>}...};
}

TEST(SnapshotTablesDocument, HasTheColumnsOfEveryTable) {
  const auto headers =
      columns_in_headers<SnapshotHeap, SnapshotDomain, SnapshotSite, SnapshotBlock, SnapshotRealloc, SnapshotRemap,
                         SnapshotDisplaced, SnapshotOrphan, SnapshotMapping, SnapshotArena, SnapshotPool,
                         SnapshotPosition, SnapshotMark, SnapshotGrowth, SnapshotWindow, SnapshotWindowCount,
                         SnapshotMarkCount, SnapshotOpenCount, SnapshotPoolLife, SnapshotPoolPoint>();
  EXPECT_EQ(headers.size(), kSnapshotTables);
  const FormatDocument document = read_format_document(CISTERN_FORMAT);
  const DocumentTable* const table = document.table("SnapshotTable");
  ASSERT_NE(table, nullptr);
  std::map<size_t, size_t> described;
  for (const Row& row : table->rows) {
    const std::string& names = row.at(2);
    described[std::stoul(row.at(1))] = 1 + static_cast<size_t>(std::count(names.begin(), names.end(), ','));
  }
  EXPECT_EQ(described, headers);
}

}  // namespace
}  // namespace cistern
