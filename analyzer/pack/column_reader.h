// Reads the events of one segment from its columns (column_state.h). The columns are not trusted: malformed events are
// refused. One object per thread; it keeps its memory. Allocs and frees, nearly all events, have a fast path:
//
//   reader.begin(columns, first_time);
//   for (;;) {
//     reader.take_blocks(sink);
//     if (reader.at_end() || !sink.has_space()) break;
//     if (!reader.take(event)) break;  // malformed
//   }
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "analyzer/pack/block_run.h"
#include "analyzer/pack/column_state.h"
#include "cistern/format/cursor.h"

namespace cistern::analyzer {

class ColumnReader {
 public:
  ColumnReader() : tables_(std::make_unique<ColumnTables>()) {}

  // The columns must stay valid while events are read.
  void begin(const Columns& columns, uint64_t first_time);
  bool at_end() const noexcept { return in_[static_cast<size_t>(Column::kTags)].at_end(); }
  uint64_t events_left() const noexcept { return in_[static_cast<size_t>(Column::kTags)].remaining(); }
  // The time at which the last event ended.
  uint64_t time() const noexcept { return state_.time; }
  // The checksum of the events so far.
  uint64_t check() const noexcept { return state_.check.value(); }

  // Reads the next event. Returns false if there is none or it is malformed.
  bool take(Event& event);

  // Passes allocs and frees to `sink` until the sink is full or take() must read the next event. For the sink see
  // BlockRun.
  template <typename Sink>
  void take_blocks(Sink& sink) {
    BlockRun run(state_, in_.data());
    Sink local = sink;  // a local copy can be kept in registers
    run.hand_over(local);
    sink = local;
    run.leave(state_, in_.data());
  }

 private:
  bool take_fields(Event& event, uint8_t tag);
  bool take_stack(Event& event, uint8_t tag);
  bool take_size(Event& event, uint8_t tag);
  bool take_block(uint64_t& address, std::optional<uint64_t>& number);
  bool take_freed_block(uint64_t& address);
  bool take_place(Event& event);
  bool take_move(Event& event, uint8_t tag);
  bool take_pages(Event& event, uint8_t tag);
  Cursor& column(Column which) noexcept { return in_[static_cast<size_t>(which)]; }

  std::unique_ptr<ColumnTables> tables_;
  ColumnState state_;
  std::vector<Cursor> in_;  // by Column
};

}  // namespace cistern::analyzer
