// What the library keeps in thread-local storage: plain data, initial-exec, so that reading it allocates nothing.
#pragma once

#include <cstdint>

namespace cistern::preload {

struct ThreadState;  // of the recorder; base only keeps the pointer

struct ThreadContext {
  uint32_t depth;       // hooked calls that the thread is inside of; only the outermost is recorded
  uint32_t started_at;  // StackId of the pthread_create() that started this thread
  uint32_t started_by;  // StreamId of the thread that called it
  uint32_t locks;       // locks of the library that the thread holds
  ThreadState* state;   // nullptr until the thread's first event
};
extern thread_local constinit ThreadContext t_context;

// While a guard exists, hooked calls of this thread are passed on and not recorded: they are nested in a call that has
// been recorded, or are the library's own.
class ReentrancyGuard {
 public:
  ReentrancyGuard() noexcept { ++t_context.depth; }
  ~ReentrancyGuard() { --t_context.depth; }
  ReentrancyGuard(const ReentrancyGuard&) = delete;
  ReentrancyGuard& operator=(const ReentrancyGuard&) = delete;
};

}  // namespace cistern::preload
