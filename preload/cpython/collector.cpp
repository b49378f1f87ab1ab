#include "preload/cpython/collector.h"

#include <cstring>

namespace cistern::preload {
namespace {

// struct gc_stats (pycore_interp_structs.h, 3.15): a ring of the last runs for each generation; the item at `index` has
// the totals. Without the GIL a ring has one item.
struct StatisticsItem {
  int64_t began;
  int64_t ended;
  GenerationStats total;
  int64_t candidates;
  double duration;
  int64_t heap_size;
};
static_assert(sizeof(StatisticsItem) == 64);
template <int kItems>
struct StatisticsRing {
  StatisticsItem items[kItems];
  int8_t index;
};
template <int kYoung, int kOld>
struct StatisticsRings {
  StatisticsRing<kYoung> young;
  StatisticsRing<kOld> old[2];
};

template <int kItems>
bool read_ring(const StatisticsRing<kItems>& ring, GenerationStats& stats) noexcept {
  const int index = ring.index;
  if (index < 0 || index >= kItems) return false;
  stats = ring.items[index].total;
  return true;
}

template <typename Rings>
bool read_rings(const uint8_t* place, GenerationStats (&stats)[kGenerations]) noexcept {
  const auto* const rings = reinterpret_cast<const Rings*>(place);
  return rings != nullptr && read_ring(rings->young, stats[0]) && read_ring(rings->old[0], stats[1]) &&
         read_ring(rings->old[1], stats[2]);
}

const uint8_t* at(const uint8_t* generations, int16_t offset) noexcept {
  return generations + offset;
}

bool read_statistics(const PythonLayout& layout, const uint8_t* generations,
                     GenerationStats (&stats)[kGenerations]) noexcept {
  const uint8_t* const place = at(generations, layout.statistics);
  if (!layout.statistics_in_rings) {
    std::memcpy(stats, place, sizeof stats);
    return true;
  }
  const uint8_t* const rings = load_pointer(place, 0);
  return layout.free_threaded ? read_rings<StatisticsRings<1, 1>>(rings, stats)
                              : read_rings<StatisticsRings<11, 3>>(rings, stats);
}

const uint8_t* generations_of(const Interpreter& python, const uint8_t* tstate) noexcept {
  const PythonLayout& layout = *python.layout;
  const uint8_t* base = layout.collector_in_runtime ? python.runtime : load_pointer(tstate, kTstateInterpreter);
  if (base == nullptr) return nullptr;
  const uint8_t* const generations = base + layout.collector;
  if (layout.collector_self == 0) return generations;
  // Seen in 3.13.18: the array directly follows an int. The fields behind the array lie where they lay before.
  constexpr ptrdiff_t kPackedBytes = 4;
  const uint8_t* const array = load_pointer(at(generations, layout.collector_self), 0);
  return array == generations || array == generations - kPackedBytes ? generations : nullptr;
}

}  // namespace

void CollectorPoll::poll(const Interpreter& python, const uint8_t* tstate, Report report, void* context) noexcept {
  const uint8_t* const generations = generations_of(python, tstate);
  if (generations == nullptr) return;
  GenerationStats stats[kGenerations];
  if (!read_statistics(*python.layout, generations, stats)) return;
  if (busy_.exchange(true, std::memory_order_acquire)) return;
  bool known = false;
  Seen& seen = this->seen(generations, known);
  for (int i = 0; i < kGenerations && known; ++i) {
    // Fewer runs than before: another interpreter lies at the address of a destroyed one.
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
  return generations != nullptr && load<int>(at(generations, python.layout->collecting), 0) != 0;
}

bool collector_is_on(const Interpreter& python, const uint8_t* tstate) noexcept {
  if (python.functions.collector_is_enabled != nullptr) return python.functions.collector_is_enabled() != 0;
  const uint8_t* const generations = tstate == nullptr ? nullptr : generations_of(python, tstate);
  return generations != nullptr && load<int>(at(generations, python.layout->collector_enabled), 0) != 0;
}

}  // namespace cistern::preload
