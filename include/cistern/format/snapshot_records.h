// Snapshots: the heap of an image at one moment, and sums of the events before it, in place of these events. Segments
// of kind kSnapshot hold SnapshotRecords. Each record is a part of a table of numbers, column by column: a cell is an
// svarint, the difference to the cell above (in the first row: to 0). The structs below are the rows of the tables,
// with one number per column. FORMAT.md, "Snapshots", describes the columns.
//
// The segments of a snapshot have the stream kSnapshotStream and the sequences snapshot_sequence(number, 0),
// (number, 1), …. The last one has the table kHeap, which has the number of segments. If there are several snapshots,
// the latest complete one counts.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>
#include <utility>

#include "cistern/format/cursor.h"
#include "cistern/format/record.h"

namespace cistern {

constexpr uint32_t kSnapshotStream = UINT32_MAX;  // no thread has this number
constexpr unsigned kSnapshotPartBits = 24;
constexpr uint64_t snapshot_sequence(uint64_t number, uint64_t part) noexcept {
  return number << kSnapshotPartBits | part;
}

enum class SnapshotTable : uint32_t {
  kHeap = 1,
  kDomains = 2,
  kSites = 3,
  kBlocks = 4,
  kReallocs = 5,
  kRemaps = 6,
  kDisplaced = 7,
  kOrphans = 8,
  kMappings = 9,
  kArenas = 10,
  kPools = 11,
  kPositions = 12,
  kMarks = 13,
  kGrowth = 14,
  kWindows = 15,
  kWindowCounts = 16,
  kMarkCounts = 17,
  kOpenCounts = 18,
  kPoolLife = 19,
  kPoolCurve = 20,
};
constexpr uint32_t kSnapshotTables = 20;

// A table, or a part of one. Parts are in order.
struct SnapshotRecord {
  static constexpr RecordType kType = RecordType::kSnapshot;
  static constexpr std::string_view kName = "snapshot";
  SnapshotTable table{};
  uint64_t columns = 0;
  uint64_t rows = 0;
  std::string_view cells;  // columns × bytes

  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("table", r.table);
    visit("columns", r.columns);
    visit("rows", r.rows);
    visit.bytes("cells", r.cells);
  }
};

struct SnapshotHeap {  // one row
  static constexpr SnapshotTable kTable = SnapshotTable::kHeap;
  uint64_t parts = 0;
  uint64_t time = 0;
  uint64_t last_time = 0;
  uint64_t events = 0;
  uint64_t peak_bytes = 0;
  uint64_t peak_blocks = 0;
  uint64_t peak_time = 0;
  uint64_t unknown_frees = 0;
  uint64_t unknown_unmaps = 0;
  uint64_t implied_frees = 0;
  uint64_t inversions = 0;
  uint64_t arenas_made = 0;
  uint64_t arena_peak_bytes = 0;
};
struct SnapshotDomain {  // by domain's number
  static constexpr SnapshotTable kTable = SnapshotTable::kDomains;
  uint64_t other_frees = 0;
  uint64_t reallocs = 0;
};
struct SnapshotSite {
  static constexpr SnapshotTable kTable = SnapshotTable::kSites;
  uint64_t stack = 0;
  uint64_t stream_id = 0;
  uint64_t domain = 0;
  uint64_t peak_bytes = 0;
  uint64_t peak_blocks = 0;
  uint64_t allocated_bytes = 0;
  uint64_t allocated_blocks = 0;
};
struct SnapshotBlock {
  static constexpr SnapshotTable kTable = SnapshotTable::kBlocks;
  uint64_t address = 0;
  uint64_t size = 0;
  uint64_t birth = 0;
  uint64_t site = 0;
};
struct SnapshotRealloc {
  static constexpr SnapshotTable kTable = SnapshotTable::kReallocs;
  uint64_t stream_id = 0;
  uint64_t address = 0;
  uint64_t size = 0;
  uint64_t birth = 0;
  uint64_t site = 0;
};
struct SnapshotRemap {
  static constexpr SnapshotTable kTable = SnapshotTable::kRemaps;
  uint64_t stream_id = 0;
  uint64_t address = 0;
  uint64_t birth = 0;
};
struct SnapshotDisplaced {
  static constexpr SnapshotTable kTable = SnapshotTable::kDisplaced;
  uint64_t address = 0;
  uint64_t time = 0;
  uint64_t stream_id = 0;
  uint64_t size = 0;
  uint64_t birth = 0;
  uint64_t site = 0;
};
struct SnapshotOrphan {
  static constexpr SnapshotTable kTable = SnapshotTable::kOrphans;
  uint64_t address = 0;
  uint64_t time = 0;
  uint64_t stream_id = 0;
};
struct SnapshotMapping {
  static constexpr SnapshotTable kTable = SnapshotTable::kMappings;
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t birth = 0;
  uint64_t site = 0;
  uint64_t flags = 0;
};
struct SnapshotArena {
  static constexpr SnapshotTable kTable = SnapshotTable::kArenas;
  uint64_t base = 0;
  uint64_t size = 0;
  uint64_t birth = 0;
  uint64_t stack = 0;
};
struct SnapshotPool {
  static constexpr SnapshotTable kTable = SnapshotTable::kPools;
  uint64_t address = 0;
  uint64_t size_class = 0;
};
struct SnapshotPosition {
  static constexpr SnapshotTable kTable = SnapshotTable::kPositions;
  uint64_t stream_id = 0;
  uint64_t sequence = 0;
  uint64_t offset = 0;
};
struct SnapshotMark {
  static constexpr SnapshotTable kTable = SnapshotTable::kMarks;
  uint64_t time = 0;
  uint64_t bytes = 0;
  uint64_t blocks = 0;
};
struct SnapshotGrowth {  // one row
  static constexpr SnapshotTable kTable = SnapshotTable::kGrowth;
  uint64_t begin = 0;
  uint64_t window_length = 0;
  uint64_t left = 0;
  uint64_t mark_step = 0;
  uint64_t last_mark = 0;
};
struct SnapshotWindow {
  static constexpr SnapshotTable kTable = SnapshotTable::kWindows;
  uint64_t begin = 0;
  uint64_t length = 0;
};
struct SnapshotCount {
  uint64_t site = 0;
  uint64_t window = 0;
  uint64_t count = 0;
};
struct SnapshotWindowCount : SnapshotCount {
  static constexpr SnapshotTable kTable = SnapshotTable::kWindowCounts;
};
struct SnapshotMarkCount : SnapshotCount {
  static constexpr SnapshotTable kTable = SnapshotTable::kMarkCounts;
};
struct SnapshotOpenCount {
  static constexpr SnapshotTable kTable = SnapshotTable::kOpenCounts;
  uint64_t site = 0;
  uint64_t count = 0;
};
struct SnapshotPoolLife {  // one row
  static constexpr SnapshotTable kTable = SnapshotTable::kPoolLife;
  uint64_t worst_bytes = 0;
  uint64_t worst_time = 0;
  uint64_t peak_arenas = 0;
  uint64_t unknown_arenas = 0;
  uint64_t curve_shift = 0;
  uint64_t curve_end = 0;
  uint64_t last_time = 0;
  uint64_t last_arena_bytes = 0;
  uint64_t last_used_bytes = 0;
};
struct SnapshotPoolPoint {
  static constexpr SnapshotTable kTable = SnapshotTable::kPoolCurve;
  uint64_t time = 0;
  uint64_t arena_bytes = 0;
  uint64_t used_bytes = 0;
};

template <typename Row>
constexpr size_t kColumnsOf = sizeof(Row) / sizeof(uint64_t);

// Calls visit(const Row&) for each row of a record of Row's table. Columns that this version does not know are ignored.
// Returns false if the record has too few columns or is malformed; rows before the error have been visited.
template <typename Row, typename F>
bool for_each_row(const SnapshotRecord& record, F&& visit) {
  constexpr size_t kKnown = kColumnsOf<Row>;
  if (record.columns < kKnown) return false;
  std::array<uint64_t, kKnown> cells{};
  Cursor in(record.cells);
  auto columns = [&]<size_t... I>(std::index_sequence<I...>) {
    return std::array<Cursor, kKnown>{(static_cast<void>(I), Cursor(in.sized_bytes()))...};
  }
  (std::make_index_sequence<kKnown>());
  if (!in.ok()) return false;
  for (uint64_t row = 0; row < record.rows; ++row) {
    bool ok = true;
    for (size_t column = 0; column < kKnown; ++column) {
      cells[column] += static_cast<uint64_t>(columns[column].signed_varint());
      ok &= columns[column].ok();
    }
    if (!ok) return false;
    visit(std::bit_cast<Row>(cells));
  }
  return true;
}

}  // namespace cistern
