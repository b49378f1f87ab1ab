// What an image's events up to a moment came to, where they are no more: the heap at that moment, which is where a
// replay of what is left begins, and sums. The tables of include/cistern/snapshot.h, of one snapshot; they stay
// encoded, and are decoded each time somebody asks. Consistent: who reads the rows need not check them again.
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
  // Finds the latest snapshot that is whole among segments of kind kSnapshot, in order of their keys. Nothing when
  // there is none.
  static std::unique_ptr<const Snapshot> read(std::span<const FoundSegment> segments);

  uint64_t number() const noexcept { return number_; }
  const SnapshotHeap& heap() const noexcept { return heap_; }
  // Events earlier than this are in it, but for those behind their stream's position.
  uint64_t time() const noexcept { return heap_.time; }

  // How far an stream's events had been seen: all of the segments before `sequence`, and `offset` bytes of that one's
  // content. Nothing, when it had none.
  SnapshotPosition position_of(StreamId stream_id) const noexcept;

  // Calls visit(const Row&) for all rows of Row's table.
  template <typename Row, typename F>
  void for_each(F&& visit) const {
    for (const SnapshotRecord& part : parts_of<Row>()) for_each_row<Row>(part, visit);
  }
  // The row of a table that has one; nothing when it has none.
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
  std::vector<std::vector<uint8_t>> contents_;  // that the records lie in
  std::array<std::vector<SnapshotRecord>, kSnapshotTables + 1> tables_;
  std::vector<SnapshotPosition> positions_;  // in order of stream
};

}  // namespace cistern::analyzer
