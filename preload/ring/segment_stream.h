// The segments of one stream: they are encoded into a slot of the window, one after the other. Used by the stream's
// thread only (the record stream: by the holder of its lock). What was published survives the process. A full segment
// is sealed and spilled, which means appended to the profile file. Nothing allocates.
//
//     slot   | SlotControl | SegmentHeader | payload, published | free |
//                                                                 ^ out_ ^ end_
#pragma once

#include <cstdint>

#include "cistern/format/ids.h"
#include "preload/ring/profile_output.h"
#include "preload/ring/shared_window.h"

namespace cistern::preload {

// The window and the profile file that all streams of an image share.
struct SegmentStore {
  SharedWindow window;
  ProfileOutput output;
  uint32_t pid = 0;
  uint32_t generation = 0;
  // The errno value that ended recording; 0: none. See ProfileOutput::append().
  std::atomic<int> failure{0};
};

class SegmentStream {
 public:
  // Takes a slot for at least `first_bytes` of payload and begins the first segment. Returns false when there is no
  // slot.
  bool begin(SegmentStore& segments, SegmentKind kind, StreamId stream_id, uint32_t tid, uint64_t thread_start_ticks,
             uint32_t first_bytes, uint64_t time) noexcept;
  bool is_open() const noexcept { return static_cast<bool>(slot_); }

  // Where the next bytes go. Requires is_open().
  uint8_t* position() const noexcept { return out_; }
  bool has_space(uint64_t bytes) const noexcept { return static_cast<uint64_t>(end_ - out_) >= bytes; }
  bool empty() const noexcept { return out_ == slot_.payload(); }

  // Makes everything before `out` a part of the profile. Release: pairs with readers of the window.
  void publish(uint8_t* out) noexcept {
    out_ = out;
    slot_.publish(static_cast<uint32_t>(out - slot_.payload()));
  }

  // Seals and spills the segment, and begins the next one, up to twice as large, with the first time `time`. Returns
  // false when the spill failed: then the stream is closed, and SegmentStore::failure says why.
  bool roll(SegmentStore& segments, uint64_t last_time, uint64_t events, uint64_t time) noexcept;
  // Rolls, and keeps segments small from now on. Before the first write_through().
  bool enter_through(SegmentStore& segments, uint64_t last_time, uint64_t events, uint64_t time) noexcept;
  // Adds to the profile file what was published of the current segment since the last call, after the window was
  // finalized. Requires that something was published.
  bool write_through(SegmentStore& segments, uint64_t last_time, uint64_t events) noexcept;
  // Seals and spills the segment, and gives the slot back.
  bool finish(SegmentStore& segments, uint64_t last_time, uint64_t events) noexcept;
  // In a forked child, where the slot is not mapped.
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
  uint64_t offset_ = 0;         // of the current segment in the profile file, once a part was written
  uint32_t written_bytes_ = 0;  // payload bytes of it that were written; 0: none yet
};

}  // namespace cistern::preload
