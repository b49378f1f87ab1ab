// One stream's stream of segments: a lent slot, encoded into from the front. Used by its stream only (the record
// stream's stream is whoever holds its lock). What was published survives the process; a full segment is sealed and
// spilled.
#pragma once

#include <cstdint>

#include "cistern/format/ids.h"
#include "preload/ring/profile_output.h"
#include "preload/ring/window.h"

namespace cistern::preload {

// Where streams live and spill to. One for each image.
struct SegmentStore {
  Window window;
  ProfileOutput output;
  uint32_t pid = 0;
  uint32_t generation = 0;
  // The errno value that ended recording, 0 so far; EFBIG when the profile reached its size limit.
  std::atomic<int> failure{0};
};

class SegmentStream {
 public:
  // Takes a slot and begins the first segment. Returns false when there is none to be had.
  bool begin(SegmentStore& segments, SegmentKind kind, StreamId stream_id, uint32_t tid, uint64_t thread_start_ticks,
             uint32_t first_bytes, uint64_t time) noexcept;
  bool is_open() const noexcept { return static_cast<bool>(slot_); }

  // Where the next bytes go. Requires is_open().
  uint8_t* position() const noexcept { return out_; }
  bool has_room(uint64_t bytes) const noexcept { return static_cast<uint64_t>(end_ - out_) >= bytes; }
  bool empty() const noexcept { return out_ == slot_.payload(); }

  // Makes everything before `out` part of the profile. Order: release, pairs with readers of the window.
  void publish(uint8_t* out) noexcept {
    out_ = out;
    slot_.publish(static_cast<uint32_t>(out - slot_.payload()));
  }

  // Seals and spills what there is, and begins the next segment, up to twice as large; its time counts from `time`.
  // Returns false when the spill failed: then the stream is closed and segments.failure says why.
  bool roll(SegmentStore& segments, uint64_t last_time, uint64_t events, uint64_t time) noexcept;
  // Before write_through() is used: rolls, and keeps segments small from now on.
  bool enter_through(SegmentStore& segments, uint64_t last_time, uint64_t events, uint64_t time) noexcept;
  // After the window has gone: adds to the profile file what was published of the current segment since the last call.
  // Requires that something was.
  bool write_through(SegmentStore& segments, uint64_t last_time, uint64_t events) noexcept;
  // Seals, spills and gives the slot back.
  bool finish(SegmentStore& segments, uint64_t last_time, uint64_t events) noexcept;
  // In a forked child: the slot is not there.
  void abandon() noexcept { *this = SegmentStream{}; }

 private:
  void begin_segment(uint64_t time) noexcept;
  void complete_header(uint64_t last_time, uint64_t events) noexcept;
  bool spill(SegmentStore& segments) noexcept;
  void close(SegmentStore& segments) noexcept;

  uint8_t* out_ = nullptr;
  uint8_t* end_ = nullptr;
  Slot slot_;
  uint64_t sequence_ = 0;
  uint32_t limit_bytes_ = kMaxPayloadBytes;
  uint64_t offset_ = 0;         // in the profile file, of what was written of the current segment
  uint32_t written_bytes_ = 0;  // of its payload; 0: nothing was written yet
};

}  // namespace cistern::preload
