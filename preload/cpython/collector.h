// The cyclic collector's statistics, polled: Python code can see a callback, and a load cannot be seen. Requires the
// GIL.
#pragma once

#include <cstdint>

#include "preload/cpython/interpreter.h"

namespace cistern::preload {

constexpr int kGenerations = 3;

// struct gc_generation_stats (Include/internal/pycore_gc.h, 3.9 – 3.13; pycore_pymem.h, 3.8).
struct GenerationStats {
  uint64_t collections;
  uint64_t collected;
  uint64_t uncollectable;
};

class CollectorPoll {
 public:
  // Calls `report(context, generation, runs, collected, uncollectable)` for each generation that ran since the last
  // poll of the same interpreter. The first poll after a change of interpreter only remembers.
  using Report = void (*)(void* context, int generation, const GenerationStats& since);
  void poll(const Interpreter& python, const uint8_t* tstate, Report report, void* context) noexcept;
  void reset() noexcept { *this = CollectorPoll{}; }

 private:
  const uint8_t* state_ = nullptr;  // whose `last_` this is
  GenerationStats last_[kGenerations] = {};
};

// Whether a collection is running just now, and whether automatic ones are switched on. False where the layout is not
// known.
bool is_collecting(const Interpreter& python, const uint8_t* tstate) noexcept;
bool collects(const Interpreter& python, const uint8_t* tstate) noexcept;

}  // namespace cistern::preload
