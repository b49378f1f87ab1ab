#include "preload/recorder/renewal.h"

#include "preload/base/clock.h"
#include "preload/base/memory.h"
#include "preload/base/proc.h"
#include "preload/recorder/facts.h"
#include "preload/recorder/threads.h"

namespace cistern::preload {
namespace {

template <typename Visit>
void for_each_thread(Visit visit) noexcept {
  for (ThreadState* state = g_recorder.threads.load(std::memory_order_acquire); state != nullptr; state = state->next) {
    const uint32_t occupant = state->occupant.load(std::memory_order_relaxed);
    if (occupant != kNobody && occupant != kBeingTaken) visit(*state);
  }
}

// Two nodes a thread: where it was started, and the boundary above.
void keep_thread_stacks() noexcept {
  size_t threads = 0;
  for_each_thread([&](ThreadState&) { ++threads; });
  const size_t bytes = 2 * threads * sizeof(StackId);
  auto* const kept = bytes == 0 ? nullptr : static_cast<StackId*>(map_memory(bytes));
  size_t count = 0;
  for_each_thread([&](ThreadState& state) {
    if (kept == nullptr || count + 2 > 2 * threads) return;
    kept[count++] = state.started_at;
    kept[count++] = state.base.load(std::memory_order_relaxed);
  });
  // Frees of code objects are seen if domain OBJ is recorded.
  const bool codes_watched = (g_recorder.options.domains & bit_of(Domain::kObj)) != 0 && g_recorder.python_stacks;
  g_recorder.interner.renew(g_python, codes_watched, kept, count);
  size_t next = 0;
  for_each_thread([&](ThreadState& state) {
    const bool known = next + 2 <= count;
    state.started_at = known ? kept[next] : StackId{};
    state.base.store(known ? kept[next + 1] : StackId{}, std::memory_order_relaxed);
    next += 2;
  });
  if (kept != nullptr) unmap_memory(kept, bytes);
}

void write_facts_again() noexcept {
  Recorder& recorder = g_recorder;
  write_clock_pair(recorder.records);
  write_image_facts(recorder.records, recorder.options_text.view());
  write_interpreter(recorder.records, now());
  if (recorder.install.time != 0) recorder.records.write(recorder.install);
  write_known_modules(recorder.records);
  recorder.phases.repeat();
  write_memory(recorder.records);
  for_each_thread([](ThreadState& state) {
    char name[kThreadNameBytes];
    introduce_thread(state, thread_name(state.tid, name));
  });
}

// Returns whether the horizon holds: a chunk that was begun meanwhile may have events from behind it in front of it.
bool renew_in_one_chunk() noexcept {
  Renewal& renewal = g_recorder.renewal;
  // What comes now lies in one segment, and is not given up before its horizon is.
  g_recorder.records.flush();
  const uint64_t chunk = g_recorder.ring.output.chunks_begun();
  renewal.chunk.store(chunk, std::memory_order_relaxed);
  const Locked locked(g_recorder.threads_lock);
  keep_thread_stacks();
  g_recorder.interner.advance_epoch();
  g_recorder.records.write(HorizonRecord{now(), ++renewal.number});
  write_facts_again();
  g_recorder.records.flush();
  if (g_recorder.ring.output.chunks_begun() == chunk) return true;
  g_recorder.records.write(HorizonRecord{kNoHorizon, renewal.number});
  return false;
}

}  // namespace

// In the first chunk, so that it is given up with the first events.
void begin_horizons() noexcept {
  g_recorder.records.write(HorizonRecord{g_recorder.header.first_time, 0});
  g_recorder.records.flush();
}

void renew_definitions() noexcept {
  std::atomic<bool>& running = g_recorder.renewal.running;
  if (running.exchange(true, std::memory_order_acquire)) return;
  constexpr int kTries = 4;  // then at the next event
  for (int i = 0; i < kTries && renewal_due() && !renew_in_one_chunk(); ++i) {
  }
  running.store(false, std::memory_order_release);
}

void abandon_renewal() noexcept {
  Renewal& renewal = g_recorder.renewal;
  renewal.running.store(false, std::memory_order_relaxed);
  renewal.chunk.store(1, std::memory_order_relaxed);
  renewal.number = 0;
}

}  // namespace cistern::preload
