// Aggregate totals: the heap of an image at one moment, and sums of what came before it, in the place of the events
// that led there. Segments of kind kAggregate hold AggregateRecords, each a part of a table of numbers, column by
// column: every cell an svarint, the difference to the cell above (of the first row: to 0). The structs below are the
// tables' rows: nothing but numbers, one a column. RECORDS.md says what the columns mean.
//
// The segments of one state of an image ("checkpoint") have the owner kAggregateOwner and the sequences
// aggregate_sequence(checkpoint, 0), (checkpoint, 1), …; the last one has the table kHeap, which says how many there
// are. Of several checkpoints the latest that is whole counts.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>
#include <utility>

#include "cistern/cursor.h"
#include "cistern/record.h"

namespace cistern {

constexpr uint32_t kAggregateOwner = UINT32_MAX;  // no thread has this number
constexpr unsigned kAggregatePartBits = 24;
constexpr uint64_t aggregate_sequence(uint64_t checkpoint, uint64_t part) noexcept {
  return checkpoint << kAggregatePartBits | part;
}

enum class AggregateTable : uint32_t {
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
constexpr uint32_t kAggregateTables = 20;

// A table, or a part of one; the parts are in order.
struct AggregateRecord {
  static constexpr RecordType kType = RecordType::kAggregate;
  AggregateTable table{};
  uint64_t columns = 0;
  uint64_t rows = 0;
  std::string_view cells;  // columns × bytes

  void put(RecordBuffer& out) const noexcept {
    out.number(static_cast<uint32_t>(table));
    out.number(columns);
    out.number(rows);
    out.text(cells);
  }
  bool get(Cursor& in) noexcept {
    table = static_cast<AggregateTable>(in.varint32());
    columns = in.varint();
    rows = in.varint();
    cells = in.sized_bytes();
    return in.ok();
  }
};

struct AggregateHeap {  // one row
  static constexpr AggregateTable kTable = AggregateTable::kHeap;
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
struct AggregateDomain {  // by domain's number
  static constexpr AggregateTable kTable = AggregateTable::kDomains;
  uint64_t other_frees = 0;
  uint64_t reallocs = 0;
};
struct AggregateSite {
  static constexpr AggregateTable kTable = AggregateTable::kSites;
  uint64_t stack = 0;
  uint64_t owner = 0;
  uint64_t domain = 0;
  uint64_t peak_bytes = 0;
  uint64_t peak_blocks = 0;
  uint64_t allocated_bytes = 0;
  uint64_t allocated_blocks = 0;
};
struct AggregateBlock {
  static constexpr AggregateTable kTable = AggregateTable::kBlocks;
  uint64_t address = 0;
  uint64_t size = 0;
  uint64_t birth = 0;
  uint64_t site = 0;
};
struct AggregateRealloc {
  static constexpr AggregateTable kTable = AggregateTable::kReallocs;
  uint64_t owner = 0;
  uint64_t address = 0;
  uint64_t size = 0;
  uint64_t birth = 0;
  uint64_t site = 0;
};
struct AggregateRemap {
  static constexpr AggregateTable kTable = AggregateTable::kRemaps;
  uint64_t owner = 0;
  uint64_t address = 0;
  uint64_t birth = 0;
};
struct AggregateDisplaced {
  static constexpr AggregateTable kTable = AggregateTable::kDisplaced;
  uint64_t address = 0;
  uint64_t time = 0;
  uint64_t owner = 0;
  uint64_t size = 0;
  uint64_t birth = 0;
  uint64_t site = 0;
};
struct AggregateOrphan {
  static constexpr AggregateTable kTable = AggregateTable::kOrphans;
  uint64_t address = 0;
  uint64_t time = 0;
  uint64_t owner = 0;
};
struct AggregateMapping {
  static constexpr AggregateTable kTable = AggregateTable::kMappings;
  uint64_t begin = 0;
  uint64_t end = 0;
  uint64_t birth = 0;
  uint64_t site = 0;
  uint64_t flags = 0;
};
struct AggregateArena {
  static constexpr AggregateTable kTable = AggregateTable::kArenas;
  uint64_t base = 0;
  uint64_t size = 0;
  uint64_t birth = 0;
  uint64_t stack = 0;
};
struct AggregatePool {
  static constexpr AggregateTable kTable = AggregateTable::kPools;
  uint64_t address = 0;
  uint64_t size_class = 0;
};
struct AggregatePosition {
  static constexpr AggregateTable kTable = AggregateTable::kPositions;
  uint64_t owner = 0;
  uint64_t sequence = 0;
  uint64_t offset = 0;
};
struct AggregateMark {
  static constexpr AggregateTable kTable = AggregateTable::kMarks;
  uint64_t time = 0;
  uint64_t bytes = 0;
  uint64_t blocks = 0;
};
struct AggregateGrowth {  // one row
  static constexpr AggregateTable kTable = AggregateTable::kGrowth;
  uint64_t begin = 0;
  uint64_t window_length = 0;
  uint64_t left = 0;
  uint64_t mark_step = 0;
  uint64_t last_mark = 0;
};
struct AggregateWindow {
  static constexpr AggregateTable kTable = AggregateTable::kWindows;
  uint64_t begin = 0;
  uint64_t length = 0;
};
struct AggregateCount {
  uint64_t site = 0;
  uint64_t window = 0;
  uint64_t count = 0;
};
struct AggregateWindowCount : AggregateCount {
  static constexpr AggregateTable kTable = AggregateTable::kWindowCounts;
};
struct AggregateMarkCount : AggregateCount {
  static constexpr AggregateTable kTable = AggregateTable::kMarkCounts;
};
struct AggregateOpenCount {
  static constexpr AggregateTable kTable = AggregateTable::kOpenCounts;
  uint64_t site = 0;
  uint64_t count = 0;
};
struct AggregatePoolLife {  // one row
  static constexpr AggregateTable kTable = AggregateTable::kPoolLife;
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
struct AggregatePoolPoint {
  static constexpr AggregateTable kTable = AggregateTable::kPoolCurve;
  uint64_t time = 0;
  uint64_t arena_bytes = 0;
  uint64_t used_bytes = 0;
};

template <typename Row>
constexpr size_t kColumnsOf = sizeof(Row) / sizeof(uint64_t);

// Calls visit(const Row&) for each row of a record of Row's table. Columns that this version does not know are passed
// over. Returns false when the record has fewer columns, or is malformed; rows before the fault have been visited.
template <typename Row, typename F>
bool for_each_row(const AggregateRecord& record, F&& visit) {
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
