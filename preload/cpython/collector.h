// The cyclic collector's statistics, polled: Python code can see a callback, and a load cannot be seen. Requires that
// the thread holds the interpreter's GIL or, where there is none, is attached to it: then the numbers of a run that is
// just ending may be read half, and the rest at the next poll.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/cpython/interpreter.h"

namespace cistern::preload {

constexpr int kGenerations = 3;

// struct gc_generation_stats (Include/internal/pycore_gc.h, 3.9 – 3.13; pycore_interp_structs.h, 3.14, and in the
// middle of a longer one, 3.15; pycore_pymem.h, 3.8).
struct GenerationStats {
  uint64_t collections;
  uint64_t collected;
  uint64_t uncollectable;
};

class CollectorPoll {
 public:
  // Calls `report(context, generation, since)` for each generation that ran since the last poll of the same
  // interpreter. The first poll of another interpreter only remembers. Holders of several GILs may call it at once: one
  // of them looks.
  using Report = void (*)(void* context, int generation, const GenerationStats& since);
  void poll(const Interpreter& python, const uint8_t* tstate, Report report, void* context) noexcept;
  void reset() noexcept;

 private:
  // Of sub-interpreters the latest few: another one takes the place of the longest known.
  static constexpr uint32_t kInterpreters = 16;
  struct Seen {
    const uint8_t* state = nullptr;  // whose `last` this is
    GenerationStats last[kGenerations] = {};
  };
  Seen& seen(const uint8_t* state, bool& known) noexcept;

  std::atomic<bool> busy_{false};  // acquire and release: the rest is the holder's
  uint32_t next_ = 0;
  Seen seen_[kInterpreters] = {};
};

// Whether a collection is running just now, and whether automatic ones are switched on. False where the layout is not
// known.
bool is_collecting(const Interpreter& python, const uint8_t* tstate) noexcept;
bool collects(const Interpreter& python, const uint8_t* tstate) noexcept;

}  // namespace cistern::preload
