// Records of a moment: clocks, marks, phases, memory samples, collector runs, losses.
#pragma once

#include <cstdint>
#include <string_view>

#include "cistern/format/cursor.h"
#include "cistern/format/ids.h"
#include "cistern/format/record.h"

namespace cistern {

// The same moment on three clocks. Times between two pairs are interpolated.
struct ClockPairRecord {
  static constexpr RecordType kType = RecordType::kClockPair;
  uint64_t time = 0;
  uint64_t monotonic_ns = 0;
  uint64_t unix_ns = 0;
  void put(RecordBuffer& out) const noexcept {
    out.number(time);
    out.number(monotonic_ns);
    out.number(unix_ns);
  }
  bool get(Cursor& in) noexcept {
    time = in.varint();
    monotonic_ns = in.varint();
    unix_ns = in.varint();
    return in.ok();
  }
};

// A named moment. All of its thread's earlier events have smaller times, all later ones greater.
struct MarkRecord {
  static constexpr RecordType kType = RecordType::kMark;
  uint64_t time = 0;
  StreamId stream_id{};
  std::string_view name;
  void put(RecordBuffer& out) const noexcept {
    out.number(time);
    out.number(raw(stream_id));
    out.text(name);
  }
  bool get(Cursor& in) noexcept {
    time = in.varint();
    stream_id = StreamId{in.varint32()};
    name = in.sized_bytes();
    return in.ok();
  }
};

enum class Phase : uint32_t {
  kStarting = 0,  // before the program's own root frame
  kRunning = 1,   // the root frame is on the main thread's stack (again), or an embedded interpreter is initialized
  kExiting = 2,   // it has returned and non-daemon threads are joined, atexit callbacks are still to come; may be taken
                  // back by kRunning: the last one counts
  kFinalizing = 3,  // the interpreter says that it is finalizing; kRunning after it: an embedded one came up again
  kAfter = 4,       // the process is in its own exit: the recorder's destructor, or _exit
  kRootLeft = 5,    // the root frame has returned; threads may still be working
  kStopped = 6,     // recording was stopped; what follows until kResumed was not seen
  kResumed = 7,
  kCollecting = 8,  // the interpreter's last collection, before it tears modules down: what is freed until kCollected
  kCollected = 9,   // was garbage that awaited a collection
};

struct PhaseRecord {
  static constexpr RecordType kType = RecordType::kPhase;
  uint64_t time = 0;
  Phase phase = Phase::kStarting;
  void put(RecordBuffer& out) const noexcept {
    out.number(time);
    out.number(static_cast<uint32_t>(phase));
  }
  bool get(Cursor& in) noexcept {
    time = in.varint();
    phase = static_cast<Phase>(in.varint32());
    return in.ok();
  }
};

// /proc/self/statm at a moment, in bytes.
struct MemoryRecord {
  static constexpr RecordType kType = RecordType::kMemory;
  uint64_t time = 0;
  uint64_t virtual_bytes = 0;
  uint64_t resident_bytes = 0;
  uint64_t shared_bytes = 0;  // of the resident: file-backed and shared memory, the recorder's window among it
  uint64_t own_bytes = 0;     // mapped by the recorder itself, resident or not
  void put(RecordBuffer& out) const noexcept {
    out.number(time);
    out.number(virtual_bytes);
    out.number(resident_bytes);
    out.number(shared_bytes);
    out.number(own_bytes);
  }
  bool get(Cursor& in) noexcept {
    time = in.varint();
    virtual_bytes = in.varint();
    resident_bytes = in.varint();
    shared_bytes = in.varint();
    own_bytes = in.varint();
    return in.ok();
  }
};

// A horizon that is taken back is written again with this time.
constexpr uint64_t kNoEpoch = 0;

// Definitions begin anew: whatever has a time of at least `time` uses ids that are defined behind this record. Where
// the file is written over when it is full (overwrite mode), the first horizon still in it says from when on everything
// is there.
struct EpochRecord {
  static constexpr RecordType kType = RecordType::kEpoch;
  uint64_t time = 0;
  uint64_t number = 0;  // 0: the beginning of the recording
  void put(RecordBuffer& out) const noexcept {
    out.number(time);
    out.number(number);
  }
  bool get(Cursor& in) noexcept {
    time = in.varint();
    number = in.varint();
    return in.ok();
  }
};

// glibc's struct mallinfo2 (malloc.h, 2.33), in its order.
struct MallocInfoRecord {
  static constexpr RecordType kType = RecordType::kMallocInfo;
  static constexpr int kFields = 10;
  uint64_t time = 0;
  // arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost
  uint64_t fields[kFields] = {};
  void put(RecordBuffer& out) const noexcept {
    out.number(time);
    for (uint64_t field : fields) out.number(field);
  }
  bool get(Cursor& in) noexcept {
    time = in.varint();
    for (uint64_t& field : fields) field = in.varint();
    return in.ok();
  }
};

// Collector runs of one generation since the last look, found by polling: `time` is when they were noticed.
struct CollectionRecord {
  static constexpr RecordType kType = RecordType::kCollection;
  uint64_t time = 0;
  uint32_t interpreter = 0;
  uint32_t generation = 0;
  uint64_t runs = 0;           // since the last record of this generation
  uint64_t collected = 0;      // objects freed by them
  uint64_t uncollectable = 0;  // objects found and kept
  void put(RecordBuffer& out) const noexcept {
    out.number(time);
    out.number(interpreter);
    out.number(generation);
    out.number(runs);
    out.number(collected);
    out.number(uncollectable);
  }
  bool get(Cursor& in) noexcept {
    time = in.varint();
    interpreter = in.varint32();
    generation = in.varint32();
    runs = in.varint();
    collected = in.varint();
    uncollectable = in.varint();
    return in.ok();
  }
};

// The counters of window.h at a moment, in their order; the last record of an image counts.
struct LossesRecord {
  static constexpr RecordType kType = RecordType::kLosses;
  static constexpr int kMaxFields = 32;
  uint64_t time = 0;
  uint32_t count = 0;
  uint64_t fields[kMaxFields] = {};
  void put(RecordBuffer& out) const noexcept {
    out.number(time);
    out.number(count);
    for (uint32_t i = 0; i < count; ++i) out.number(fields[i]);
  }
  bool get(Cursor& in) noexcept {
    time = in.varint();
    count = in.varint32();
    if (count > kMaxFields) count = kMaxFields;
    for (uint32_t i = 0; i < count; ++i) fields[i] = in.varint();
    return in.ok();
  }
};

}  // namespace cistern
