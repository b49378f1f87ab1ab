#include "preload/recorder/events.h"

#include <pthread.h>

#include "preload/base/blocked_signals.h"
#include "preload/base/wait.h"
#include "preload/recorder/children.h"
#include "preload/recorder/control.h"
#include "preload/recorder/epoch.h"
#include "preload/recorder/facts.h"
#include "preload/recorder/jumps.h"
#include "preload/recorder/loader_events.h"
#include "preload/recorder/modules.h"
#include "preload/recorder/python_events.h"
#include "preload/recorder/thread_registry.h"

namespace cistern::preload {
namespace {

// The finalizing thread has claimed this thread's stream and seals its segment. Returns whether it is done.
bool wait_for_finalizing(const ThreadState& thread) noexcept {
  constexpr uint32_t kLimitMs = 10'000;  // for the streams of all threads
  return wait_until([&] { return thread.mode.load(std::memory_order_acquire) != StreamMode::kClaimed; }, kLimitMs);
}

bool make_space(ThreadState& thread) noexcept {
  if (!thread.stream.is_open()) return false;
  if (thread.stream.has_space(kMaxEventBytes)) return true;
  const BlockedSignals blocked;
  const uint64_t time = now();
  if (!thread.stream.roll(g_recorder.segments, thread.codec.time, thread.events, time)) {
    fail_recording();
    return false;
  }
  thread.codec = EventState{time, 0, 0};
  thread.events = 0;
  write_sample(g_recorder);
  write_thread_name(thread);
  if (epoch_due()) begin_next_epoch();
  return true;
}

void lose_event() noexcept {
  if (!g_recorder.segments.window.is_open()) return;
  const bool recording = g_recorder.state.load(std::memory_order_relaxed) == RecorderState::kRecording;
  g_recorder.count(recording ? Counter::kLostEvents : Counter::kStoppedEvents);
}

void report_collection(void*, int generation, const GenerationStats& since) noexcept {
  CollectionRecord record;
  record.time = now();
  record.interpreter = 1;
  record.generation = static_cast<uint32_t>(generation);
  record.runs = since.collections;
  record.collected = since.collected;
  record.uncollectable = since.uncollectable;
  g_recorder.records.write(record);
}

// The thread that holds the GIL checks the phases. Without a GIL the main thread does it, which finalizes the
// interpreter.
bool may_check_phases(const ThreadState& thread) noexcept {
  return thread.main || !g_python.free_threaded;
}

StackId mapping_stack_of(ThreadState& thread, const void* frame) noexcept {
  return stack_of(thread, Domain::kMmap, frame);
}

}  // namespace

ThreadState* enter_first() noexcept {
  ThreadState* const thread = attach_thread();
  if (thread == nullptr) {
    lose_event();
    return nullptr;
  }
  mark_busy(*thread);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return thread;
}

ThreadState* enter_interrupted(ThreadState& thread) noexcept {
  if (has_left_recorder(thread) && recover_recorder(thread)) {
    mark_busy(thread);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (prepare(thread)) return &thread;
    return nullptr;
  }
  g_recorder.count(Counter::kGuardedEvents);
  lose_event();
  return nullptr;
}

bool prepare(ThreadState& thread) noexcept {
  const bool claimed = thread.mode.load(std::memory_order_acquire) == StreamMode::kClaimed;
  if (claimed) {
    leave(thread);
    const bool finalized = wait_for_finalizing(thread);
    mark_busy(thread);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (finalized && make_space(thread)) return true;
  } else if (make_space(thread)) {
    return true;
  }
  lose_event();
  leave(thread);
  return false;
}

void after_event_through(ThreadState& thread) noexcept {
  if (!thread.stream.write_through(g_recorder.segments, thread.codec.time, thread.events)) fail_recording();
}

// Up to 3.11 the thread-specific slot that PyGILState reads belongs to the main interpreter: a thread that runs another
// interpreter is recognised as the holder of the GIL. If this thread does not hold the GIL, the holder is another
// thread or, from 3.12 on, where each thread has its own holder variable, none. A finalizing interpreter frees the
// states of threads that still run, and their slots keep pointing to freed memory.
const uint8_t* own_state() noexcept {
  const PythonFunctions& functions = g_python.functions;
  if (!g_python.layout->thread_local_state) {
    const uint8_t* const holder = g_python.holder();
    if (holder != nullptr && load<pthread_t>(holder, g_python.layout->tstate_thread) == pthread_self()) return holder;
    return g_recorder.phases.finalizing() ? nullptr : functions.own_state();
  }
  // In a thread that never ran Python, reading the holder would allocate thread-local storage of libpython.
  const uint8_t* const own = functions.own_state();
  if (own == nullptr || !g_recorder.phases.finalizing()) return own;
  return g_python.holder() == own ? own : nullptr;
}

StackId with_native_frames(ThreadState& thread, const void* frame, const uint8_t* tstate, StackId python) noexcept {
  NativeCodes& codes = g_recorder.native_codes;
  Interner& interner = g_recorder.interner;
  StackId stack{};
  if (g_recorder.options.native == Native::kFull) {
    const NativeRuns runs = thread.native.capture_runs(codes, interner, frame, tstate);
    const StackId base = thread.base.load(std::memory_order_relaxed);
    stack = tstate == nullptr ? thread.mixed.capture_native(interner, python, runs)
                              : thread.mixed.capture(g_python, interner, tstate, thread.python, python, base, runs);
  } else {
    stack = thread.native.capture(codes, interner, frame, tstate, python);
  }
#ifdef CISTERN_CHECK_STACKS
  check_native_stack(thread, frame, tstate, python, stack);
#endif
  return stack;
}

void root_changed(ThreadState& thread, uint64_t time) noexcept {
  g_recorder.phases.root_changed(g_python, thread.python.root_code(), g_recorder.interner.threading_seen(), time);
  g_recorder.event_clock.end_sharing();
}

const uint8_t* find_holder(ThreadState& thread) noexcept {
  if (!thread.holder_searched.exchange(true, std::memory_order_relaxed)) {
    thread.holder_variable.store(g_python.own_holder_variable(), std::memory_order_relaxed);
  }
  return g_python.holder();
}

// Python stacks were switched off after hooks had been installed. The mailbox is still polled.
StackId poll_without_python_stacks(ThreadState& thread) noexcept {
  if (--thread.until_poll == 0) {
    thread.until_poll = kEventsBetweenPolls;
    execute_mailbox_command(thread);
    if (children_noted()) write_children();
    g_recorder.event_clock.end_sharing();
  }
  return thread.base.load(std::memory_order_relaxed);
}

void poll(ThreadState& thread, const uint8_t* tstate) noexcept {
  const bool wanted = g_recorder.phases.watching() || !g_recorder.phases.root_seen();
  if (wanted && may_check_phases(thread)) g_recorder.phases.check(g_python, tstate, now());
  if (thread.until_poll != 0) return;
  thread.until_poll = kEventsBetweenPolls;
  const char* const wrong = g_recorder.layout_check.check(g_python, thread.python);
  if (wrong != nullptr) switch_python_stacks_off(wrong);
  if (tstate != nullptr) g_recorder.collector.poll(g_python, tstate, report_collection, nullptr);
  if (modules_changed() || g_recorder.interner.asyncio_newly_seen()) check_new_modules();
  execute_mailbox_command(thread);
  if (children_noted()) write_children();
  if (epoch_due()) begin_next_epoch();
  g_recorder.event_clock.end_sharing();
}

void check_phase(const ThreadState& thread) noexcept {
  if (!may_check_phases(thread)) return;
  g_recorder.phases.check(g_python, g_python.holder(), now());
  g_recorder.event_clock.end_sharing();
}

void record_alloc(Domain domain, const void* block, size_t size, const void* frame) noexcept {
  inlined::record_alloc(domain, block, size, frame);
}

// Without the GIL the type of an object lies 24 bytes behind its start. For a small block at the end of a page that may
// be unmapped memory, so code objects are recognised by their address alone.
void record_free(Domain domain, const void* block) noexcept {
  if (!g_python.free_threaded) return inlined::record_free(domain, block);
  inlined::record_free<inlined::is_any>(domain, block);
}

void record_realloc(Domain domain, uint64_t begin_time, const void* old_block, const void* block, size_t size,
                    const void* frame) noexcept {
  inlined::record_realloc(domain, begin_time, old_block, block, size, frame);
}

void record_map(const void* address, size_t size, uint32_t flags, const void* frame) noexcept {
  ThreadState* const thread = enter();
  if (thread == nullptr) return;
  const StackId stack = mapping_stack_of(*thread, frame);
  publish(*thread, encode_map(thread->stream.position(), thread->codec, now(), reinterpret_cast<uint64_t>(address),
                              size, flags, stack));
  leave(*thread);
}

void record_unmap(const void* address, size_t size) noexcept {
  ThreadState* const thread = enter();
  if (thread == nullptr) return;
  publish(*thread,
          encode_unmap(thread->stream.position(), thread->codec, now(), reinterpret_cast<uint64_t>(address), size));
  leave(*thread);
}

void record_remap(uint64_t begin_time, const void* old_address, size_t old_size, const void* address, size_t size,
                  uint32_t flags, const void* frame) noexcept {
  ThreadState* const thread = enter();
  if (thread == nullptr) return;
  const StackId stack = mapping_stack_of(*thread, frame);
  publish(*thread, encode_remap(thread->stream.position(), thread->codec, begin_time, now(),
                                reinterpret_cast<uint64_t>(old_address), old_size, reinterpret_cast<uint64_t>(address),
                                size, flags, stack));
  leave(*thread);
}

void record_arena(bool freed, const void* arena, size_t size) noexcept {
  ThreadState* const thread = enter();
  if (thread == nullptr) return;
  const StackId stack = freed ? thread->base.load(std::memory_order_relaxed) : mapping_stack_of(*thread, nullptr);
  publish(*thread, encode_arena(thread->stream.position(), thread->codec, freed, now(),
                                reinterpret_cast<uint64_t>(arena), size, stack));
  leave(*thread);
}

}  // namespace cistern::preload
