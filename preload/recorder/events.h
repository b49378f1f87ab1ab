// The way of one event from a hook into the calling thread's segment: the hot path. Each function is called by the hook
// of an outermost call, by any thread; takes no lock, makes no system call and copies nothing but the encoded event,
// except when a segment is full. errno is preserved (system calls here do not touch it). An alloc is recorded after the
// real one, a free before it; a realloc gives both times. `frame` is the CISTERN_OWN_FRAME of the hook, which has not
// returned: native frames are walked from its caller on.
//
// Cost, with its hook and without the stack: some 120 instructions for a free, 170 for an alloc, among them one rdtsc
// where no stamp serves.
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/base/profile_clock.h"
#include "preload/base/thread_context.h"
#include "preload/recorder/checks.h"
#include "preload/recorder/recorder.h"

namespace cistern::preload {

// Cold continuations.
ThreadState* enter_first() noexcept;         // a thread's first event; nullptr: it is lost, and counted
ThreadState* enter_interrupted() noexcept;   // a signal handler inside the recorder: counts, returns nullptr
bool prepare(ThreadState& thread) noexcept;  // waits for finalizing, makes room; false: the event is lost, and counted
void after_event_through(ThreadState& thread) noexcept;
void root_changed(ThreadState& thread, uint64_t time) noexcept;
void poll(ThreadState& thread, const uint8_t* tstate) noexcept;
StackId poll_without_python_stacks(ThreadState& thread) noexcept;
void check_phase(const ThreadState& thread) noexcept;
const uint8_t* find_holder(ThreadState& thread) noexcept;
StackId with_native_frames(ThreadState& thread, const void* frame, const uint8_t* tstate, StackId python) noexcept;
const uint8_t* own_state() noexcept;

constexpr uint32_t kEventsBetweenPolls = 128;

// The calling thread's state, marked busy, with room for one event; nullptr when the event is lost.
inline ThreadState* enter() noexcept {
  ThreadState* const thread = t_context.state;
  if (__builtin_expect(thread == nullptr, 0)) return enter_first();
  if (__builtin_expect(thread->busy.load(std::memory_order_relaxed) != 0, 0)) return enter_interrupted();
  thread->busy.store(1, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  // Pairs with the finalizing thread's membarrier: either it sees busy, or this thread sees that it is claimed.
  // Acquire: or sees what was finalized.
  const bool claimed = thread->mode.load(std::memory_order_acquire) == StreamMode::kClaimed;
  if (__builtin_expect(claimed || !thread->stream.has_room(kMaxEventBytes), 0) && !prepare(*thread)) return nullptr;
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

// The state of the running thread, in a hook of MEM or OBJ. Nearly all events ask for it.
inline const uint8_t* holder_of(ThreadState& thread) noexcept {
  const uint8_t* const* const place = thread.holder_variable.load(std::memory_order_relaxed);
  if (__builtin_expect(place == nullptr, 0)) return find_holder(thread);
  return __atomic_load_n(place, __ATOMIC_RELAXED);
}

// The Python stack of the running thread, and the state that it was read from. Domains MEM and OBJ are only used with
// the GIL held (without one: attached to the interpreter), the others with or without.
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

// The same below the native frames of the caller of the hook whose CISTERN_OWN_FRAME is `frame`, where they are wanted;
// nullptr where they never are.
[[gnu::always_inline]] inline StackId stack_of(ThreadState& thread, Domain domain, const void* frame) noexcept {
  const uint8_t* tstate = nullptr;
  const StackId python = python_stack_of(thread, domain, tstate);
  if (frame == nullptr || (g_recorder.native_domains & bit_of(domain)) == 0) return python;
  return with_native_frames(thread, frame, tstate, python);
}

// The time of an event. Blocks of CPython's pools change hands below the GIL only: as long as the same thread holds it,
// several events may have one stamp, which spares reading the counter. Larger ones may be malloc's, which any thread
// may have had before.
inline uint64_t time_of(ThreadState& thread, Domain domain, size_t size) noexcept {
  if (holds_gil(domain) && size <= kMaxPooledBytes && g_recorder.event_clock.may_share(thread.shared_time))
    return thread.codec.time;
  return g_recorder.event_clock.read(thread.shared_time, holds_gil(domain));
}

// Inlined into the hooks that nearly all events come from: each is one function then, with its domain known.
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

// Whether the block is a code object: its type is still there when it is freed (PyObject.ob_type; code_dealloc in
// Objects/codeobject.c, 3.8 – 3.15), in a line that the free is about to touch. Objects lie at multiples of 16; what
// does not may be a byte at the end of the last page. Not without the GIL, see record_free().
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
