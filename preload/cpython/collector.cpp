#include "preload/cpython/collector.h"

#include <cstring>

namespace cistern::preload {
namespace {

// Behind `generations[3]` of 24 bytes: generation0 (a pointer to the first) at 72, permanent_generation at 80,
// generation_stats at 104, collecting at 176. In 3.8 and 3.9, enabled lies two ints and a pad before them.
constexpr uint16_t kGenerationZero = 72;
constexpr uint16_t kStats = 104;
constexpr uint16_t kCollecting = 176;
constexpr uint16_t kEnabledBefore = 12;

const uint8_t* generations_of(const Interpreter& python, const uint8_t* tstate) noexcept {
  const uint8_t* base = python.layout->collector_in_runtime ? python.runtime : load_pointer(tstate, kTstateInterpreter);
  if (base == nullptr) return nullptr;
  const uint8_t* const generations = base + python.layout->collector;
  return load_pointer(generations, kGenerationZero) == generations ? generations : nullptr;
}

}  // namespace

void CollectorPoll::poll(const Interpreter& python, const uint8_t* tstate, Report report, void* context) noexcept {
  const uint8_t* const generations = generations_of(python, tstate);
  if (generations == nullptr) return;
  GenerationStats stats[kGenerations];
  std::memcpy(stats, generations + kStats, sizeof stats);
  const bool known = generations == state_ || state_ == nullptr;
  for (int i = 0; i < kGenerations && known; ++i) {
    if (stats[i].collections == last_[i].collections) continue;
    const GenerationStats since{stats[i].collections - last_[i].collections, stats[i].collected - last_[i].collected,
                                stats[i].uncollectable - last_[i].uncollectable};
    report(context, i, since);
  }
  state_ = generations;
  std::memcpy(last_, stats, sizeof stats);
}

bool is_collecting(const Interpreter& python, const uint8_t* tstate) noexcept {
  const uint8_t* const generations = tstate == nullptr ? nullptr : generations_of(python, tstate);
  return generations != nullptr && load<int>(generations, kCollecting) != 0;
}

bool collects(const Interpreter& python, const uint8_t* tstate) noexcept {
  if (python.functions.collector_is_enabled != nullptr) return python.functions.collector_is_enabled() != 0;
  const uint8_t* const generations = tstate == nullptr ? nullptr : generations_of(python, tstate);
  return generations != nullptr && load<int>(generations - kEnabledBefore, 0) != 0;
}

}  // namespace cistern::preload
