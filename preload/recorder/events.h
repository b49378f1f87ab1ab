// The path of one event from a hook to the calling thread's segment: the hot path. A hook calls these functions for an
// outermost call, in any thread. They take no lock, make no system call and copy only the encoded event, unless a
// segment is full. errno is left alone. An alloc is recorded after the real call, a free before it; a realloc has both
// times. `frame` is the CISTERN_OWN_FRAME of the hook, which has not returned: native frames are walked from the hook's
// caller on.
//
// Cost with the hook and without the stack: about 120 instructions for a free and 170 for an alloc, including one rdtsc
// where the event does not share its time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/base/clock.h"
#include "preload/base/thread_context.h"
#include "preload/recorder/checks.h"
#include "preload/recorder/recorder.h"

namespace cistern::preload {

// The parts that are called seldom, out of line.
// A thread's first event. Returns nullptr when the event is lost; then it is counted.
ThreadState* enter_first() noexcept;
// A signal handler that interrupted the recorder: counts the event as lost and returns nullptr.
ThreadState* enter_interrupted(ThreadState& thread) noexcept;
// Waits until the stream is finalized, or rolls the segment. Returns false when the event is lost; then it is counted.
bool prepare(ThreadState& thread) noexcept;
void after_event_through(ThreadState& thread) noexcept;
void root_changed(ThreadState& thread, uint64_t time) noexcept;
void poll(ThreadState& thread, const uint8_t* tstate) noexcept;
StackId poll_without_python_stacks(ThreadState& thread) noexcept;
void check_phase(const ThreadState& thread) noexcept;
const uint8_t* find_holder(ThreadState& thread) noexcept;
StackId with_native_frames(ThreadState& thread, const void* frame, const uint8_t* tstate, StackId python) noexcept;
const uint8_t* own_state() noexcept;

constexpr uint32_t kEventsBetweenPolls = 128;

// In one instruction; the atomic has the layout of its value.
[[gnu::always_inline]] inline void mark_busy(ThreadState& thread) noexcept {
  CISTERN_STORE_STACK_POINTER(reinterpret_cast<uintptr_t&>(thread.busy));
}

// Returns the calling thread's state, marked busy, with space for one event; nullptr when the event is lost.
inline ThreadState* enter() noexcept {
  ThreadState* const thread = t_context.state;
  if (__builtin_expect(thread == nullptr, 0)) return enter_first();
  if (__builtin_expect(thread->busy.load(std::memory_order_relaxed) != 0, 0)) return enter_interrupted(*thread);
  mark_busy(*thread);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  // Pairs with the finalizing thread's membarrier: either that thread reads busy, or this thread reads kClaimed. The
  // acquire pairs with kThrough: then this thread reads the finalized stream.
  const bool claimed = thread->mode.load(std::memory_order_acquire) == StreamMode::kClaimed;
  if (__builtin_expect(claimed || !thread->stream.has_space(kMaxEventBytes), 0) && !prepare(*thread)) return nullptr;
  return thread;
}

inline void leave(ThreadState& thread) noexcept {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  thread.busy.store(0, std::memory_order_release);
}

inline void publish(ThreadState& thread, uint8_t* out) noexcept {
  thread.stream.publish(out);
  ++thread.events;
  if (__builtin_expect(thread.mode.load(std::memory_order_relaxed) == StreamMode::kThrough, 0)) {
    after_event_through(thread);
  }
}

inline constexpr bool holds_gil(Domain domain) noexcept {
  return domain == Domain::kObj || domain == Domain::kMem;
}

// Returns the thread state that holds the GIL, which is the calling thread's. In a hook of MEM or OBJ only. Nearly
// every event calls it.
inline const uint8_t* holder_of(ThreadState& thread) noexcept {
  const uint8_t* const* const place = thread.holder_variable.load(std::memory_order_relaxed);
  if (__builtin_expect(place == nullptr, 0)) return find_holder(thread);
  return __atomic_load_n(place, __ATOMIC_RELAXED);
}

// Returns the Python stack of the calling thread; `tstate` becomes the thread state that it was read from. CPython uses
// the domains MEM and OBJ only with the GIL held (without a GIL: attached to the interpreter), the others also without.
[[gnu::always_inline]] inline StackId python_stack_of(ThreadState& thread, Domain domain,
                                                      const uint8_t*& tstate) noexcept {
  if (__builtin_expect(!g_recorder.python_stacks, 0)) {
    return holds_gil(domain) ? poll_without_python_stacks(thread) : thread.base.load(std::memory_order_relaxed);
  }
  tstate = holds_gil(domain) ? holder_of(thread) : own_state();
  const uint8_t* const innermost = tstate == nullptr ? nullptr : innermost_frame(*g_python.layout, tstate);
  bool changed = false;
  const StackId stack =
      thread.python.capture(g_python, g_recorder.interner, innermost, thread.base, changed, tstate, holds_gil(domain));
#ifdef CISTERN_CHECK_STACKS
  check_stack(thread, innermost, tstate, stack);
  if (holds_gil(domain)) check_holder(thread, tstate);
#endif
  if (__builtin_expect(changed && thread.main, 0)) root_changed(thread, now());
  if (holds_gil(domain) && (--thread.until_poll == 0 || g_recorder.phases.watching())) poll(thread, tstate);
  return stack;
}

// Returns the Python stack with the native frames that called the hook on top of it, if `domain` gets native frames.
// `frame` is the hook's CISTERN_OWN_FRAME, or nullptr where it never gets them.
[[gnu::always_inline]] inline StackId stack_of(ThreadState& thread, Domain domain, const void* frame) noexcept {
  const uint8_t* tstate = nullptr;
  const StackId python = python_stack_of(thread, domain, tstate);
  if (frame == nullptr || (g_recorder.native_domains & bit_of(domain)) == 0) return python;
  return with_native_frames(thread, frame, tstate, python);
}

// Returns the time of an event. Blocks of CPython's pools pass from thread to thread only with the GIL: as long as one
// thread holds it, its events may share a time, which saves reading the cycle counter. Larger blocks may come from
// malloc, and another thread may have freed the same address just before.
inline uint64_t time_of(ThreadState& thread, Domain domain, size_t size) noexcept {
  if (holds_gil(domain) && size <= kMaxPooledBytes && g_recorder.event_clock.may_share(thread.shared_time))
    return thread.codec.time;
  return g_recorder.event_clock.read(thread.shared_time, holds_gil(domain));
}

// Inlined into the hooks that most events come from, so that each is one function with a constant domain.
namespace inlined {

[[gnu::always_inline]] inline void record_alloc(Domain domain, const void* block, size_t size,
                                                const void* frame) noexcept {
  ThreadState* const thread = enter();
  if (thread == nullptr) return;
  const StackId stack = stack_of(*thread, domain, frame);
  publish(*thread, encode_alloc(thread->stream.position(), thread->codec, domain, time_of(*thread, domain, size),
                                reinterpret_cast<uint64_t>(block), size, stack));
  leave(*thread);
}

// Whether the block is a code object: when it is freed it still has its type (PyObject.ob_type; code_dealloc in
// Objects/codeobject.c, 3.8 – 3.15), in a cache line that the free is about to touch. Objects are aligned to 16 bytes;
// another block may end at the end of the last mapped page. Only with the GIL, see record_free().
inline bool is_code(const void* block) noexcept {
  constexpr uintptr_t kAlignment = 16;
  constexpr uint16_t kType = 8;
  return reinterpret_cast<uintptr_t>(block) % kAlignment == 0 &&
         load_pointer(static_cast<const uint8_t*>(block), kType) == g_python.code_type;
}

inline bool is_any(const void*) noexcept {
  return true;
}

template <bool (*kMayBeCode)(const void* block) noexcept = is_code>
[[gnu::always_inline]] inline void record_free(Domain domain, const void* block) noexcept {
  ThreadState* const thread = enter();
  if (thread == nullptr) return;
  if (domain == Domain::kObj && __builtin_expect(g_recorder.phases.watching(), 0)) check_phase(*thread);
  if (domain == Domain::kObj && __builtin_expect(kMayBeCode(block), 0)) g_recorder.interner.block_freed(block, now());
  publish(*thread, encode_free(thread->stream.position(), thread->codec, domain, time_of(*thread, domain, 0),
                               reinterpret_cast<uint64_t>(block)));
  leave(*thread);
}

// `begin_time` was taken before the real call.
[[gnu::always_inline]] inline void record_realloc(Domain domain, uint64_t begin_time, const void* old_block,
                                                  const void* block, size_t size, const void* frame) noexcept {
  ThreadState* const thread = enter();
  if (thread == nullptr) return;
  const StackId stack = stack_of(*thread, domain, frame);
  publish(*thread,
          encode_realloc(thread->stream.position(), thread->codec, domain, begin_time, now(),
                         reinterpret_cast<uint64_t>(old_block), reinterpret_cast<uint64_t>(block), size, stack));
  leave(*thread);
}

}  // namespace inlined

void record_alloc(Domain domain, const void* block, size_t size, const void* frame) noexcept;
void record_free(Domain domain, const void* block) noexcept;
void record_realloc(Domain domain, uint64_t begin_time, const void* old_block, const void* block, size_t size,
                    const void* frame) noexcept;
void record_map(const void* address, size_t size, uint32_t flags, const void* frame) noexcept;
void record_unmap(const void* address, size_t size) noexcept;
void record_remap(uint64_t begin_time, const void* old_address, size_t old_size, const void* address, size_t size,
                  uint32_t flags, const void* frame) noexcept;
void record_arena(bool freed, const void* arena, size_t size) noexcept;

}  // namespace cistern::preload
