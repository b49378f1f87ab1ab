// Records of a moment: clocks, marks, phases, memory samples, garbage collections, losses, epochs.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "cistern/format/ids.h"
#include "cistern/format/record.h"

namespace cistern {

// The same moment on three clocks. Times between two pairs are interpolated.
struct ClockPairRecord {
  static constexpr RecordType kType = RecordType::kClockPair;
  static constexpr std::string_view kName = "clock pair";
  uint64_t time = 0;
  uint64_t monotonic_ns = 0;
  uint64_t unix_ns = 0;
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("time", r.time);
    visit("monotonic_ns", r.monotonic_ns);
    visit("unix_ns", r.unix_ns);
  }
};

// A named moment. Earlier events of its thread have smaller times, later ones greater times.
struct MarkRecord {
  static constexpr RecordType kType = RecordType::kMark;
  static constexpr std::string_view kName = "mark";
  uint64_t time = 0;
  StreamId stream_id{};
  std::string_view name;
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("time", r.time);
    visit("stream", r.stream_id);
    visit("name", r.name);
  }
};

enum class Phase : uint32_t {
  kStarting = 0,    // before the program's own root frame
  kRunning = 1,     // the root frame is on the main thread's stack (again), or an embedded interpreter is initialized
  kExiting = 2,     // the root frame has returned and non-daemon threads are joined; atexit callbacks follow. A later
                    // kRunning cancels it; the last one counts
  kFinalizing = 3,  // the interpreter says that it is finalizing; kRunning after it: an embedded one was started again
  kAfter = 4,       // the process is in its own exit: the recorder's destructor, or _exit
  kRootLeft = 5,    // the root frame has returned; threads may still be working
  kStopped = 6,     // recording was stopped; events until kResumed were not seen
  kResumed = 7,
  kCollecting = 8,  // the interpreter's last collection, before modules are torn down; blocks that are freed until
  kCollected = 9,   // kCollected were garbage that waited for a collection
};

struct PhaseRecord {
  static constexpr RecordType kType = RecordType::kPhase;
  static constexpr std::string_view kName = "phase";
  uint64_t time = 0;
  Phase phase = Phase::kStarting;
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("time", r.time);
    visit("phase", r.phase);
  }
};

// /proc/self/statm, in bytes.
struct MemoryRecord {
  static constexpr RecordType kType = RecordType::kMemory;
  static constexpr std::string_view kName = "memory";
  uint64_t time = 0;
  uint64_t virtual_bytes = 0;
  uint64_t resident_bytes = 0;
  uint64_t shared_bytes = 0;  // of the resident bytes: files and shared memory, including the recorder's window
  uint64_t own_bytes = 0;     // mapped by the recorder itself, resident or not
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("time", r.time);
    visit("virtual_bytes", r.virtual_bytes);
    visit("resident_bytes", r.resident_bytes);
    visit("shared_bytes", r.shared_bytes);
    visit("own_bytes", r.own_bytes);
  }
};

// Time of a second record that cancels the epoch of its number.
constexpr uint64_t kNoEpoch = 0;

// An epoch begins: everything from `time` on uses only ids that are defined behind this record. In overwrite mode, from
// the first epoch in the file on everything is there.
struct EpochRecord {
  static constexpr RecordType kType = RecordType::kEpoch;
  static constexpr std::string_view kName = "epoch";
  uint64_t time = 0;
  uint64_t number = 0;  // 0: the beginning of the recording
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("time", r.time);
    visit("number", r.number);
  }
};

// glibc's struct mallinfo2 (malloc.h, 2.33), in the order of its members.
struct MallocInfoRecord {
  static constexpr RecordType kType = RecordType::kMallocInfo;
  static constexpr std::string_view kName = "malloc info";
  static constexpr int kFields = 10;
  uint64_t time = 0;
  uint64_t fields[kFields] = {};
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    constexpr const char* kNames[kFields] = {"arena",   "ordblks", "smblks",   "hblks",    "hblkhd",
                                             "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"};
    visit("time", r.time);
    for (int i = 0; i < kFields; ++i) visit(kNames[i], r.fields[i]);
  }
};

// Runs of the garbage collector, of one generation. They are found by polling: `time` is when they were noticed.
struct CollectionRecord {
  static constexpr RecordType kType = RecordType::kCollection;
  static constexpr std::string_view kName = "collection";
  uint64_t time = 0;
  uint32_t interpreter = 0;
  uint32_t generation = 0;
  uint64_t runs = 0;           // since the last record of this generation
  uint64_t collected = 0;      // objects freed by them
  uint64_t uncollectable = 0;  // objects found and kept
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("time", r.time);
    visit("interpreter", r.interpreter);
    visit("generation", r.generation);
    visit("runs", r.runs);
    visit("collected", r.collected);
    visit("uncollectable", r.uncollectable);
  }
};

// The counters of window_layout.h, in their order. The last record of an image counts.
struct LossesRecord {
  static constexpr RecordType kType = RecordType::kLosses;
  static constexpr std::string_view kName = "losses";
  static constexpr uint32_t kMaxFields = 32;  // a reader ignores the others
  uint64_t time = 0;
  uint32_t count = 0;
  uint64_t fields[kMaxFields] = {};
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("time", r.time);
    visit("count", r.count);
    if constexpr (!std::is_const_v<Record>) r.count = r.count < kMaxFields ? r.count : kMaxFields;
    for (uint32_t i = 0; i < r.count; ++i) visit("counters", r.fields[i]);
  }
};

}  // namespace cistern
