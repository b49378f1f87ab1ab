// Four threads allocate, reallocate and free until they are killed. After each completed call a thread adds one to its
// own counter in the file COUNTERS, which is shared memory. Ends only by a signal, or after CALLS calls a thread as the
// last arguments say; with "busy" by _exit while they go on.
//
//   kill_target COUNTERS [CALLS _exit|busy|abort|exec|quick_exit|segv PROGRAM ARGUMENT…]
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "tests/end_to_end/shared_counters.h"
#include "tests/end_to_end/system_memory.h"

namespace {

using cistern_test::SharedCounters;

SharedCounters* counters;
uint64_t calls_wanted = UINT64_MAX;
bool busy = false;

void work_on(std::atomic<uint64_t>& completed, uint64_t seed) {
  constexpr uint64_t kBlocks = 64;
  void* block[kBlocks] = {};
  uint64_t state = seed * 2 + 1;
  for (uint64_t calls = 0; busy || calls < calls_wanted; ++calls) {
    if (calls == calls_wanted) counters->done.fetch_add(1);
    state = state * 6364136223846793005u + 1442695040888963407u;
    const uint64_t at = state >> 33 & (kBlocks - 1), size = 1 + (state >> 40 & 255);
    if (block[at] == nullptr) {
      block[at] = malloc(size);
    } else if ((state >> 60) < 4) {
      block[at] = realloc(block[at], size);
    } else {
      free(block[at]);
      block[at] = nullptr;
    }
    completed.fetch_add(1, std::memory_order_release);
  }
}

void* work(void* argument) {
  const auto index = reinterpret_cast<uint64_t>(argument);
  counters->tid[index] = static_cast<uint32_t>(gettid());
  counters->ready.fetch_add(1);
  while (counters->ready.load() < cistern_test::kCounterThreads) {
  }
  work_on(counters->completed[index], index);
  counters->done.fetch_add(1);
  for (;;) pause();
}

void end(char** words) {
  if (strcmp(words[0], "_exit") == 0 || busy) _exit(7);
  if (strcmp(words[0], "quick_exit") == 0) quick_exit(8);
  if (strcmp(words[0], "abort") == 0) abort();
  if (strcmp(words[0], "segv") == 0) raise(SIGSEGV);
  if (strcmp(words[0], "exec") == 0) execv(words[1], words + 1);
  _exit(99);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  counters = static_cast<SharedCounters*>(cistern_test::system_map_file(argv[1], sizeof(SharedCounters)));
  if (counters == nullptr) return 2;
  if (argc > 3) calls_wanted = strtoull(argv[2], nullptr, 10);
  busy = argc > 3 && strcmp(argv[3], "busy") == 0;
  for (uint64_t i = 0; i < cistern_test::kCounterThreads; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, work, reinterpret_cast<void*>(i)) != 0) return 1;
  }
  while (counters->done.load() < cistern_test::kCounterThreads) usleep(200);
  end(argv + 3);
}
