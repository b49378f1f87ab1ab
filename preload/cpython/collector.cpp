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
  if (busy_.exchange(true, std::memory_order_acquire)) return;
  bool known = false;
  Seen& seen = this->seen(generations, known);
  for (int i = 0; i < kGenerations && known; ++i) {
    // Fewer runs than before: another interpreter has come to lie at the address.
    const GenerationStats last = stats[i].collections < seen.last[i].collections ? GenerationStats{} : seen.last[i];
    if (stats[i].collections == last.collections) continue;
    const GenerationStats since{stats[i].collections - last.collections, stats[i].collected - last.collected,
                                stats[i].uncollectable - last.uncollectable};
    report(context, i, since);
  }
  std::memcpy(seen.last, stats, sizeof stats);
  busy_.store(false, std::memory_order_release);
}

CollectorPoll::Seen& CollectorPoll::seen(const uint8_t* state, bool& known) noexcept {
  for (Seen& one : seen_) {
    known = one.state == state;
    if (known) return one;
  }
  known = next_ == 0;  // the main interpreter, from its beginning
  Seen& one = seen_[next_++ % kInterpreters];
  one.state = state;
  return one;
}

void CollectorPoll::reset() noexcept {
  for (Seen& one : seen_) one = Seen{};
  next_ = 0;
  busy_.store(false, std::memory_order_relaxed);
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
