// The checking build; see checks.h.
#ifdef CISTERN_CHECK_STACKS

#define UNW_LOCAL_ONLY
#include <libunwind.h>

#include "preload/recorder/checks.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "preload/arch/arch.h"
#include "preload/base/text.h"
#include "preload/capture/layout_check.h"
#include "preload/capture/reference_walker.h"
#include "preload/capture/stack_end.h"
#include "preload/recorder/events.h"

namespace cistern::preload {
namespace {

std::atomic<uint64_t> g_captures{0};
std::atomic<uint64_t> g_mismatches{0};
std::atomic<uint64_t> g_misplaced{0};  // stacks with a frame whose place the interpreter contradicts
std::atomic<uint64_t> g_unplaced{0};   // stacks with a frame whose place was not found
std::atomic<uint64_t> g_native_captures{0};
std::atomic<uint64_t> g_native_mismatches{0};
std::atomic<uint64_t> g_native_frames{0};  // frames for which libunwind agreed
std::atomic<uint64_t> g_native_differences{0};
std::atomic<uint64_t> g_unmatched{0};    // stacks with an evaluation that had only a frame of one kind
std::atomic<uint64_t> g_native_ends{0};  // walks that ended before libunwind's

// Moves `cursor`, which is inside the recorder, to the caller of the hook.
bool move_to(unw_cursor_t& cursor, const Registers& at) noexcept {
  constexpr int kMaxOwnFrames = 32;
  for (int i = 0; i < kMaxOwnFrames && unw_step(&cursor) > 0; ++i) {
    unw_word_t stack_pointer = 0;
    unw_get_reg(&cursor, UNW_REG_SP, &stack_pointer);
    if (stack_pointer == at.stack_pointer) return true;
  }
  return false;
}

// Walks with both, from the hook's caller to the frame that evaluates Python code, or to the outermost frame.
void compare_with_libunwind(const void* frame, const uint8_t* tstate, bool whole) noexcept {
  constexpr int kMaxFrames = 4096;
  Registers at = callers_registers(frame);
  const uintptr_t high = stack_end(at.stack_pointer);
  unw_context_t context;
  unw_cursor_t cursor;
  unw_getcontext(&context);
  if (unw_init_local(&cursor, &context) != 0 || !move_to(cursor, at)) {
    g_native_differences.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  for (int i = 0; i < kMaxFrames; ++i) {
    unw_word_t pc = 0;
    unw_word_t stack_pointer = 0;
    unw_get_reg(&cursor, UNW_REG_IP, &pc);
    unw_get_reg(&cursor, UNW_REG_SP, &stack_pointer);
    const bool same = pc == at.pc && stack_pointer == at.stack_pointer;
    (same ? g_native_frames : g_native_differences).fetch_add(1, std::memory_order_relaxed);
    if (!same) return;
    const NativeCode code = g_recorder.native_codes.code_at(at, tstate, high);
    if ((code.role == CodeRole::kEvaluation && !whole) || code.rule.address == FrameAddress::kOutermost) return;
    const bool goes_on = unw_step(&cursor) > 0;
    if (!step(code.rule, at, high)) {
      if (goes_on) g_native_ends.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    if (!goes_on) return;
  }
}

bool has_unplaced(const PythonStack& stack) noexcept {
  if (g_python.layout->positions != Positions::kInCopies) return false;
  for (uint32_t i = 0; i < stack.size(); ++i) {
    const ShadowFrame& frame = stack.frame(i);
    if (raw(frame.code_id) != 0 && offset_of(g_python, frame) == kUnknownOffset) return true;
  }
  return false;
}

}  // namespace

void check_stack(ThreadState& thread, const uint8_t* innermost, const uint8_t* tstate, StackId stack) noexcept {
  g_captures.fetch_add(1, std::memory_order_relaxed);
  const StackId base = thread.base.load(std::memory_order_relaxed);
  if (reference_walk(g_python, g_recorder.interner, innermost, base, tstate) != stack) {
    g_mismatches.fetch_add(1, std::memory_order_relaxed);
  }
  if (has_unplaced(thread.python)) g_unplaced.fetch_add(1, std::memory_order_relaxed);
}

// Requires the GIL, or to be attached.
void check_holder(const ThreadState& thread, const uint8_t* tstate) noexcept {
  if (g_python.functions.holder_state() != tstate) g_mismatches.fetch_add(1, std::memory_order_relaxed);
  if (LayoutCheck().check(g_python, thread.python) != nullptr) g_misplaced.fetch_add(1, std::memory_order_relaxed);
}

void check_native_stack(ThreadState& thread, const void* frame, const uint8_t* tstate, StackId python,
                        StackId stack) noexcept {
  const ReentrancyGuard guard;
  const uint64_t number = g_native_captures.fetch_add(1, std::memory_order_relaxed);
  Interner& interner = g_recorder.interner;
  const bool whole = g_recorder.options.native == Native::kFull;
  const NativeRuns runs = thread.native.capture_runs_uncached(g_recorder.native_codes, interner, frame, tstate, whole);
  StackId walked = python;
  if (whole) {
    const StackId base = thread.base.load(std::memory_order_relaxed);
    if (tstate != nullptr && thread.mixed.unmatched() != 0) g_unmatched.fetch_add(1, std::memory_order_relaxed);
    walked = tstate == nullptr
                 ? thread.mixed.capture_native(interner, python, runs)
                 : MixedStack::capture_uncached(g_python, interner, tstate, thread.python, python, base, runs);
  } else if (raw(runs.leaf) != 0) {
    walked = interner.node(python, NodeKey{NodeKind::kNativeRun, raw(runs.leaf), 0});
  }
  if (walked != stack) g_native_mismatches.fetch_add(1, std::memory_order_relaxed);
  // libunwind asks the kernel about memory at each frame.
  const uint64_t between_comparisons = whole ? 128 : 16;
  if (number % between_comparisons == 0) compare_with_libunwind(frame, tstate, whole);
}

void report_checks() noexcept {
  const char* const path = getenv("CISTERN_CHECK_REPORT");
  if (path == nullptr) return;
  Text<512> line;
  line.add("captures ").add(g_captures.load()).add(" mismatches ").add(g_mismatches.load());
  line.add(" misplaced ").add(g_misplaced.load()).add(" unplaced ").add(g_unplaced.load());
  line.add(" native_captures ").add(g_native_captures.load());
  line.add(" native_mismatches ").add(g_native_mismatches.load());
  line.add(" native_frames ").add(g_native_frames.load());
  line.add(" native_differences ").add(g_native_differences.load());
  line.add(" unmatched ").add(g_unmatched.load());
  line.add(" native_ends ").add(g_native_ends.load()).add("\n");
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>(path), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (is_error(fd)) return;
  raw_syscall(SYS_write, fd, reinterpret_cast<long>(line.c_str()), static_cast<long>(line.size()));
  raw_syscall(SYS_close, fd);
}

}  // namespace cistern::preload

#endif
