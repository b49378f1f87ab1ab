// The snapshot of an image: the heap at one moment, in place of the events before it, and sums of these events. A
// replay of the remaining events begins with this heap. The tables (cistern/format/snapshot_records.h) stay encoded and
// are decoded each time. They have been checked: their rows are consistent and within the limits.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "analyzer/read/found_segment.h"
#include "cistern/format/ids.h"
#include "cistern/format/snapshot_records.h"

namespace cistern::analyzer {

class Snapshot {
 public:
  // The latest complete snapshot among segments of kind kSnapshot, which are in order of their keys. Null if there is
  // none.
  static std::unique_ptr<const Snapshot> read(std::span<const FoundSegment> segments);

  uint64_t number() const noexcept { return number_; }
  const SnapshotHeap& heap() const noexcept { return heap_; }
  // Events earlier than this are in the snapshot, except those behind their stream's position.
  uint64_t time() const noexcept { return heap_.time; }

  // The part of a stream that the snapshot contains: all segments before `sequence`, and `offset` bytes of the content
  // of segment `sequence`.
  SnapshotPosition position_of(StreamId stream_id) const noexcept;

  // Calls visit(const Row&) for all rows of Row's table.
  template <typename Row, typename F>
  void for_each(F&& visit) const {
    for (const SnapshotRecord& part : parts_of<Row>()) for_each_row<Row>(part, visit);
  }
  // The only row of a table; nothing if it has none.
  template <typename Row>
  std::optional<Row> row() const {
    std::optional<Row> found;
    for_each<Row>([&](const Row& row) { found = row; });
    return found;
  }

 private:
  bool take(std::span<const FoundSegment> segments);
  bool take_records(const std::vector<uint8_t>& content);
  bool is_consistent();
  template <typename Row>
  const std::vector<SnapshotRecord>& parts_of() const noexcept {
    return tables_[static_cast<size_t>(Row::kTable)];
  }
  template <typename Row, typename F>
  bool check(F&& is_sound) const;
  bool blocks_are_sound(uint64_t sites) const;
  bool growth_is_sound(uint64_t sites) const;

  uint64_t number_ = 0;
  SnapshotHeap heap_;
  std::vector<std::vector<uint8_t>> contents_;  // the records point into these
  std::array<std::vector<SnapshotRecord>, kSnapshotTables + 1> tables_;
  std::vector<SnapshotPosition> positions_;  // in order of stream
};

}  // namespace cistern::analyzer
