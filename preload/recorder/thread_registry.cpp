#include "preload/recorder/thread_registry.h"

#include <cstring>

#include "preload/base/clock.h"
#include "preload/base/memory.h"
#include "preload/base/proc.h"
#include "preload/base/thread_context.h"
#include "preload/recorder/events.h"
#include "preload/recorder/recorder.h"

namespace cistern::preload {
namespace {

constexpr uint32_t kFirstPayloadBytes = 8 * 1024 - kSlotOverheadBytes;

// How many states one new thread checks, continuing where the last one stopped: with thousands of living threads a walk
// over all states would cost more than the thread itself.
constexpr uint32_t kMaxCheckedStates = 64;

// Seals the segment that a dead thread left open.
void reap(ThreadState& state) noexcept {
  static_cast<void>(state.busy.load(std::memory_order_acquire));  // pairs with leave(): reads all that it wrote
  g_recorder.records.write(ThreadEndRecord{state.stream_id, now(), state.ended.load(std::memory_order_relaxed)});
  if (!state.stream.finish(g_recorder.segments, state.codec.time, state.events)) fail_recording();
}

void release_state(ThreadState& state) noexcept {
  state.busy.store(0, std::memory_order_relaxed);
  state.used_by.store(kUnused, std::memory_order_release);  // pairs with claim_for_reuse()
}

// Claims a state that no living thread uses, and reaps it if a dead thread used it. `thorough`: asks the kernel about
// every thread, not only about those for which thread_ends() was called. A thread that died inside the recorder (it was
// cancelled, or left a signal handler by longjmp) is reaped like any other. Returns whether the state was claimed.
bool claim_for_reuse(ThreadState& state, bool thorough) noexcept {
  uint32_t used_by = state.used_by.load(std::memory_order_acquire);  // pairs with attach_thread() and release_state()
  if (used_by == kBeingReused) return false;
  if (used_by != kUnused && !thorough && !state.ended.load(std::memory_order_relaxed)) return false;
  if (used_by != kUnused && !is_dead(state)) return false;
  const uint32_t found = used_by;
  if (!state.used_by.compare_exchange_strong(used_by, kBeingReused, std::memory_order_seq_cst)) return false;
  if (found == kUnused) return true;
  // The finalizing thread may be working on the stream: leave the state to it. Both accesses are seq_cst, as in
  // finalize_others().
  if (g_recorder.finalized.load(std::memory_order_seq_cst)) {
    state.used_by.store(found, std::memory_order_release);
    return false;
  }
  reap(state);
  return true;
}

// Claims the first state that is free. A thorough search also reaps all dead threads that it meets. Returns nullptr
// when there is none.
ThreadState* reuse_state(bool thorough) noexcept {
  static std::atomic<ThreadState*> next_to_check{nullptr};
  ThreadState* const first = g_recorder.threads.load(std::memory_order_acquire);
  ThreadState* const start = next_to_check.load(std::memory_order_relaxed);
  ThreadState* state = start != nullptr ? start : first;
  ThreadState* claimed = nullptr;
  for (uint32_t checked = 0; state != nullptr && checked < kMaxCheckedStates; ++checked) {
    if (claim_for_reuse(*state, thorough)) {
      if (claimed != nullptr) release_state(*claimed);
      claimed = state;
    }
    state = state->next != nullptr ? state->next : first;
    if (state == start || (start == nullptr && state == first) || (claimed != nullptr && !thorough)) break;
  }
  next_to_check.store(state, std::memory_order_relaxed);
  return claimed;
}

ThreadState* map_state() noexcept {
  auto* const state = static_cast<ThreadState*>(map_memory(sizeof(ThreadState)));
  if (state == nullptr) return nullptr;
  state->used_by.store(kBeingReused, std::memory_order_relaxed);
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

// Fills in the thread's identity and the stack that started it. A stack of an earlier epoch is no longer defined.
void describe(ThreadState& state) noexcept {
  const StackId started_at{t_context.started_at};
  const uint32_t tid = thread_id();
  std::atomic_ref(state.tid).store(tid, std::memory_order_relaxed);  // pairs with is_dead()
  std::atomic_ref(state.start_ticks).store(thread_start_ticks(tid), std::memory_order_relaxed);
  state.main = state.tid == g_recorder.segments.pid;
  state.stream_id = StreamId{g_recorder.last_stream_id.fetch_add(1, std::memory_order_relaxed) + 1};
  state.shared_time = SharedTime{thread_mark(state.stream_id), 0};
  state.started_by = StreamId{t_context.started_by};
  state.started_at = g_recorder.interner.is_current(started_at) ? started_at : StackId{};
  state.first_time = now();
  state.base.store(boundary(state.started_at), std::memory_order_relaxed);
}

// A stream that begins after the window has been finalized writes through, unless the finalizing thread has claimed it.
void enter_through_if_finalized(ThreadState& state) noexcept {
  if (!g_recorder.finalized.load(std::memory_order_seq_cst)) return;
  StreamMode mode = StreamMode::kWindow;
  if (!state.mode.compare_exchange_strong(mode, StreamMode::kThrough, std::memory_order_acq_rel)) return;
  if (!state.stream.enter_through(g_recorder.segments, state.codec.time, 0, state.codec.time)) fail_recording();
}

}  // namespace

// The kernel reuses thread ids. The start time tells two threads apart, if /proc and a free descriptor exist to read
// it.
bool is_dead(const ThreadState& state) noexcept {
  // Another thread may be reusing the state; then the compare-exchange in claim_for_reuse() fails.
  const uint32_t tid = std::atomic_ref(const_cast<uint32_t&>(state.tid)).load(std::memory_order_relaxed);
  const uint64_t ticks = std::atomic_ref(const_cast<uint64_t&>(state.start_ticks)).load(std::memory_order_relaxed);
  if (!thread_exists(tid)) return true;
  const uint64_t now_ticks = thread_start_ticks(tid);
  return ticks != 0 && now_ticks != 0 && now_ticks != ticks;
}

ThreadState* attach_thread() noexcept {
  const ReentrancyGuard guard;
  static std::atomic<uint32_t> attached{0};
  const bool thorough = attached.fetch_add(1, std::memory_order_relaxed) % 64 == 63;
  ThreadState* state = reuse_state(thorough);
  if (state == nullptr) state = map_state();
  if (state == nullptr) return nullptr;
  mark_busy(*state);
  state->ended.store(false, std::memory_order_relaxed);
  state->events = 0;
  state->until_poll = 1;
  state->holder_variable.store(nullptr, std::memory_order_relaxed);
  state->holder_searched.store(false, std::memory_order_relaxed);
  state->python.reset();
  state->native.reset();
  state->mixed.reset();
  const Locked locked(g_recorder.threads_lock);
  describe(*state);
  const uint64_t time = state->first_time;
  if (!state->stream.begin(g_recorder.segments, SegmentKind::kEvents, state->stream_id, state->tid, state->start_ticks,
                           kFirstPayloadBytes, time)) {
    release_state(*state);
    return nullptr;
  }
  state->codec = EventState{time, 0, 0};
  write_thread_record(*state, thread_name(state->tid, state->name));
  state->mode.store(StreamMode::kWindow, std::memory_order_relaxed);
  // Either the finalizing thread reads this used_by, or this thread reads that the window is finalized. Pairs with
  // finalize_others().
  state->used_by.store(raw(state->stream_id), std::memory_order_seq_cst);
  enter_through_if_finalized(*state);
  state->busy.store(0, std::memory_order_release);
  t_context.state = state;
  return state;
}

void write_thread_record(const ThreadState& state, std::string_view name) noexcept {
  ThreadRecord record;
  record.stream_id = state.stream_id;
  record.time = state.first_time;
  record.tid = state.tid;
  record.main = state.main;
  record.started_by = state.started_by;
  record.started_at = state.started_at;
  record.name = name;
  g_recorder.records.write(record);
}

void thread_ends() noexcept {
  if (t_context.state == nullptr || !in_recorded_process()) return;
  ThreadState* const state = enter();
  if (state == nullptr) return;
  write_thread_name(*state);
  state->ended.store(true, std::memory_order_release);
  leave(*state);
}

void write_thread_name(ThreadState& state) noexcept {
  char buffer[kThreadNameBytes];
  const std::string_view name = thread_name(state.tid, buffer);
  if (name.empty() || name == std::string_view(state.name, strnlen(state.name, sizeof state.name))) return;
  const size_t size = name.copy(state.name, sizeof state.name);
  if (size < sizeof state.name) state.name[size] = '\0';
  g_recorder.records.write(ThreadNameRecord{state.stream_id, now(), name});
}

void forget_thread_holders() noexcept {
  for (ThreadState* state = g_recorder.threads.load(std::memory_order_acquire); state != nullptr; state = state->next) {
    state->holder_variable.store(nullptr, std::memory_order_relaxed);
    state->holder_searched.store(false, std::memory_order_relaxed);
  }
}

void abandon_threads() noexcept {
  for (ThreadState* state = g_recorder.threads.load(std::memory_order_acquire); state != nullptr; state = state->next) {
    state->stream.abandon();
    state->python = PythonStack{};  // its thread may have been replacing its memory during the fork
    state->native.reset();
    state->mixed = MixedStack{};
    state->busy.store(0, std::memory_order_relaxed);
    state->mode.store(StreamMode::kWindow, std::memory_order_relaxed);
    state->ended.store(false, std::memory_order_relaxed);
    state->holder_variable.store(nullptr, std::memory_order_relaxed);
    state->holder_searched.store(false, std::memory_order_relaxed);
    state->used_by.store(kUnused, std::memory_order_relaxed);
  }
  g_recorder.threads_lock.reset();
  t_context.state = nullptr;
}

}  // namespace cistern::preload
