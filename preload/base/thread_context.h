// What the library keeps in thread-local storage: plain data, initial-exec, so that reading it allocates nothing.
#pragma once

#include <cstdint>

#include "preload/arch/arch.h"

namespace cistern::preload {

struct ThreadState;  // of the recorder; base only keeps the pointer

struct ThreadContext {
  // The stack pointer in the outermost hooked call that the thread is inside of, which alone is recorded; 0: in none.
  uintptr_t inside;
  uint32_t started_at;  // StackId of the pthread_create() that started this thread
  uint32_t started_by;  // StreamId of the thread that called it
  uint32_t locks;       // locks of the library that the thread holds
  ThreadState* state;   // nullptr until the thread's first event
  void* held[4];        // the first of these locks
};
extern thread_local constinit ThreadContext t_context;

// While a guard exists, hooked calls of this thread are passed on and not recorded: they are nested in a call that has
// been recorded, or are the library's own.
class ReentrancyGuard {
 public:
  ReentrancyGuard() noexcept : before_(t_context.inside) {
    if (before_ == 0) CISTERN_STORE_STACK_POINTER(t_context.inside);
  }
  ~ReentrancyGuard() { t_context.inside = before_; }
  ReentrancyGuard(const ReentrancyGuard&) = delete;
  ReentrancyGuard& operator=(const ReentrancyGuard&) = delete;

 private:
  uintptr_t before_;
};

// The same for a thread that is in no hooked call, as hooks know: one instruction each.
class OutermostGuard {
 public:
  [[gnu::always_inline]] OutermostGuard() noexcept { CISTERN_STORE_STACK_POINTER(t_context.inside); }
  [[gnu::always_inline]] ~OutermostGuard() { t_context.inside = 0; }
  OutermostGuard(const OutermostGuard&) = delete;
  OutermostGuard& operator=(const OutermostGuard&) = delete;
};

// Whether the thread runs a signal handler on a stack of its own (sigaltstack). Makes a system call.
bool on_alternate_stack() noexcept;

}  // namespace cistern::preload
