// The threads of an image: their states, made at the first event, taken over from the dead.
#include <cstring>

#include "preload/base/clock.h"
#include "preload/base/gate.h"
#include "preload/base/memory.h"
#include "preload/base/proc.h"
#include "preload/recorder/recorder.h"
#include "preload/recorder/threads.h"

namespace cistern::preload {
namespace {

constexpr uint32_t kFirstPayloadBytes = 8 * 1024 - kSlotOverheadBytes;

// Whether nothing will come from the state's thread any more. A kernel thread id may be in use again: the start time
// tells.
bool is_dead(const ThreadState& state) noexcept {
  if (!thread_exists(state.tid)) return true;
  return state.start_ticks != 0 && thread_start_ticks(state.tid) != state.start_ticks;
}

// Seals what a dead thread left behind.
void bury(ThreadState& state) noexcept {
  g_recorder.records.write(ThreadEndRecord{state.owner, now(), state.ended.load(std::memory_order_relaxed)});
  if (!state.stream.finish(g_recorder.ring, state.codec.time, state.events)) fail_recording();
}

// Claims a state that no living thread uses. `thorough`: asks the kernel about every thread, not only about those whose
// start routine has returned.
ThreadState* take_over(bool thorough) noexcept {
  for (ThreadState* state = g_recorder.threads.load(std::memory_order_acquire); state != nullptr; state = state->next) {
    bool used = state->in_use.load(std::memory_order_acquire);
    if (!used) {
      if (state->in_use.compare_exchange_strong(used, true, std::memory_order_acq_rel)) return state;
      continue;
    }
    if (!thorough && !state->ended.load(std::memory_order_relaxed)) continue;
    if (!is_dead(*state)) continue;
    // Two threads may find the same one dead: whoever takes `busy` buries it.
    uint32_t idle = 0;
    if (!state->busy.compare_exchange_strong(idle, 1, std::memory_order_acq_rel)) continue;
    if (is_dead(*state)) {
      bury(*state);
      return state;
    }
    state->busy.store(0, std::memory_order_release);
  }
  return nullptr;
}

ThreadState* make_state() noexcept {
  auto* const state = static_cast<ThreadState*>(map_memory(sizeof(ThreadState)));
  if (state == nullptr) return nullptr;
  state->in_use.store(true, std::memory_order_relaxed);
  ThreadState* first = g_recorder.threads.load(std::memory_order_relaxed);
  do {
    state->next = first;
  } while (!g_recorder.threads.compare_exchange_weak(first, state, std::memory_order_release));
  return state;
}

StackId boundary(StackId started_at) noexcept {
  if (raw(started_at) == 0) return StackId{};
  return g_recorder.interner.node(started_at, NodeKey{NodeKind::kBoundary, 0, 0});
}

void introduce(ThreadState& state) noexcept {
  ThreadRecord record;
  record.owner = state.owner;
  record.time = now();
  record.tid = state.tid;
  record.main = state.main;
  record.started_by = OwnerId{t_gate.started_by};
  record.started_at = StackId{t_gate.started_at};
  record.name = thread_name(state.tid, state.name);
  g_recorder.records.write(record);
}

}  // namespace

ThreadState* attach_thread() noexcept {
  const Nested nested;
  static std::atomic<uint32_t> attached{0};
  const bool thorough = attached.fetch_add(1, std::memory_order_relaxed) % 64 == 63;
  ThreadState* state = take_over(thorough);
  if (state == nullptr) state = make_state();
  if (state == nullptr) return nullptr;
  state->busy.store(1, std::memory_order_relaxed);
  state->tid = thread_id();
  state->start_ticks = thread_start_ticks(state->tid);
  state->main = state->tid == g_recorder.ring.pid;
  state->owner = OwnerId{g_recorder.last_owner.fetch_add(1, std::memory_order_relaxed) + 1};
  state->ended.store(false, std::memory_order_relaxed);
  state->events = 0;
  state->until_poll = 1;
  state->python.reset();
  state->base = boundary(StackId{t_gate.started_at});
  const uint64_t time = now();
  if (!state->stream.begin(g_recorder.ring, SegmentKind::kEvents, state->owner, state->tid, state->start_ticks,
                           kFirstPayloadBytes, time)) {
    state->busy.store(0, std::memory_order_relaxed);
    state->in_use.store(false, std::memory_order_release);
    return nullptr;
  }
  state->codec = EventState{time, 0, 0};
  introduce(*state);
  state->mode.store(StreamMode::kWindow, std::memory_order_relaxed);
  if (g_recorder.folded.load(std::memory_order_acquire)) {
    state->stream.enter_through(g_recorder.ring, time, 0, time);
    state->mode.store(StreamMode::kThrough, std::memory_order_relaxed);
  }
  state->busy.store(0, std::memory_order_release);
  t_gate.state = state;
  return state;
}

void thread_returned() noexcept {
  ThreadState* const state = t_gate.state;
  if (state == nullptr || !in_recorded_process()) return;
  write_thread_name(*state);
  state->ended.store(true, std::memory_order_release);
}

void write_thread_name(ThreadState& state) noexcept {
  char buffer[kThreadNameBytes];
  const std::string_view name = thread_name(state.tid, buffer);
  if (name.empty() || name == std::string_view(state.name, strnlen(state.name, sizeof state.name))) return;
  const size_t size = name.copy(state.name, sizeof state.name);
  if (size < sizeof state.name) state.name[size] = '\0';
  g_recorder.records.write(ThreadNameRecord{state.owner, now(), name});
}

void abandon_threads() noexcept {
  for (ThreadState* state = g_recorder.threads.load(std::memory_order_acquire); state != nullptr; state = state->next) {
    state->stream.abandon();
    state->python = PythonStack{};  // its thread may have been about to replace its memory
    state->busy.store(0, std::memory_order_relaxed);
    state->mode.store(StreamMode::kWindow, std::memory_order_relaxed);
    state->ended.store(false, std::memory_order_relaxed);
    state->in_use.store(false, std::memory_order_relaxed);
  }
  t_gate.state = nullptr;
}

}  // namespace cistern::preload
