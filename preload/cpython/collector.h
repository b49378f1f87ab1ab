// The cyclic collector's statistics. They are polled, because Python code could see a callback, and cannot see a load.
// Requires that the thread holds the interpreter's GIL. Without a GIL the thread must be attached; the numbers of a run
// that is just ending may then be read in part, and the rest at the next poll. Does not allocate.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/cpython/interpreter.h"

namespace cistern::preload {

constexpr int kGenerations = 3;

// struct gc_generation_stats (Include/internal/pycore_pymem.h, 3.8; pycore_gc.h, 3.9 – 3.13; pycore_interp_structs.h,
// 3.14, and 3.15, where it is the middle of a longer struct).
struct GenerationStats {
  uint64_t collections;
  uint64_t collected;
  uint64_t uncollectable;
};

class CollectorPoll {
 public:
  // Calls `report(context, generation, since)` for each generation that was collected since the last poll of the same
  // interpreter. The first poll of a sub-interpreter only remembers its numbers. Threads of interpreters with a GIL
  // each may call it at once: one of them polls, the others return.
  using Report = void (*)(void* context, int generation, const GenerationStats& since);
  void poll(const Interpreter& python, const uint8_t* tstate, Report report, void* context) noexcept;
  void reset() noexcept;

 private:
  // The last interpreters that were polled first; a new one replaces the oldest.
  static constexpr uint32_t kInterpreters = 16;
  struct Seen {
    const uint8_t* state = nullptr;  // the interpreter whose numbers these are
    GenerationStats last[kGenerations] = {};
  };
  Seen& seen(const uint8_t* state, bool& known) noexcept;

  std::atomic<bool> busy_{false};  // guards the fields below: acquire and release
  uint32_t next_ = 0;
  Seen seen_[kInterpreters] = {};
};

// Whether a collection is running, and whether automatic collections are enabled. False when `tstate` is nullptr.
bool is_collecting(const Interpreter& python, const uint8_t* tstate) noexcept;
bool collector_is_on(const Interpreter& python, const uint8_t* tstate) noexcept;

}  // namespace cistern::preload
