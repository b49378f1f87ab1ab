#include "preload/hooks/thread_hooks.h"

#include <pthread.h>

#include "preload/base/memory.h"
#include "preload/base/real.h"
#include "preload/base/spin_lock.h"
#include "preload/hooks/interpose.h"
#include "preload/hooks/should_record.h"
#include "preload/recorder/events.h"
#include "preload/recorder/thread_registry.h"

using namespace cistern;
using namespace cistern::preload;

namespace {

// What the starting thread passes to the new one. Own memory, reused.
struct Start {
  void* (*run)(void*);
  void* argument;
  uint32_t stack;
  uint32_t stream_id;
  Start* next;
};

struct StartPool {
  SpinLock lock;
  Start* free = nullptr;

  Start* take() noexcept {
    const Locked locked(lock);
    if (free == nullptr) {
      constexpr size_t kBytes = kPageBytes;
      auto* const made = static_cast<Start*>(map_memory(kBytes));
      for (size_t i = 0; made != nullptr && i < kBytes / sizeof(Start); ++i) put_locked(made + i);
    }
    Start* const start = free;
    if (start != nullptr) free = start->next;
    return start;
  }
  void put(Start* start) noexcept {
    const Locked locked(lock);
    put_locked(start);
  }
  // In a forked child: a thread that does not exist may have been in take() or put(). The list is valid at each moment.
  void abandon() noexcept { lock.reset(); }

 private:
  void put_locked(Start* start) noexcept {
    start->next = free;
    free = start;
  }
};
constinit StartPool g_starts;

// Cancellation and pthread_exit unwind through this frame, which has nothing to clean up.
void* run_thread(void* context) {
  auto* const start = static_cast<Start*>(context);
  const Start copy = *start;
  g_starts.put(start);
  t_context.started_at = copy.stack;
  t_context.started_by = copy.stream_id;
  void* const result = copy.run(copy.argument);
  thread_ends();
  return result;
}

bool fill_in_creator(Start& start, const void* frame) noexcept {
  ThreadState* const thread = enter();
  if (thread == nullptr) return false;
  start.stack = raw(stack_of(*thread, Domain::kMalloc, frame));
  start.stream_id = raw(thread->stream_id);
  leave(*thread);
  return true;
}

}  // namespace

void cistern::preload::abandon_thread_starts() noexcept {
  g_starts.abandon();
}

CISTERN_EXPORT int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*run)(void*),
                                  void* argument) noexcept {
  const bool recorded =
      should_record(Domain::kMalloc, __builtin_return_address(0)) || should_record(Domain::kObj, nullptr);
  Start* const start = recorded ? g_starts.take() : nullptr;
  if (start == nullptr) return g_real.pthread_create(thread, attributes, run, argument);
  *start = Start{run, argument, 0, 0, nullptr};
  fill_in_creator(*start, CISTERN_OWN_FRAME);
  const int error = g_real.pthread_create(thread, attributes, run_thread, start);
  if (error != 0) g_starts.put(start);
  return error;
}

// Unwinding passes through this frame, which has nothing to clean up.
CISTERN_EXPORT void pthread_exit(void* result) {
  resolve_real_functions();
  {
    const ReentrancyGuard guard;
    thread_ends();
  }
  g_real.pthread_exit(result);
  __builtin_unreachable();
}
