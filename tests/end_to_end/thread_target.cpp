// Starts and ends threads by every method, as a test of the recorder. Blocks have sizes that nothing else allocates, so
// that each can be counted; the output does not depend on the recorder.
//
//   thread_target short THREADS       four makers; threads end by return, pthread_exit and detached; each makes blocks
//                                     of 5001 and 5003 bytes, frees the latter, and keeps a block of 5001
//   thread_target alive THREADS       as many threads at once, each with a block of 5005
//   thread_target signals BLOCKS      blocks of 5007 while a timer interrupts on an alternate stack, whose handler maps
//   thread_target cancel THREADS      cancelled while they allocate, deferred and asynchronously
//   thread_target locals THREADS      blocks of 5011 and 5013 from destructors of thread_local and pthread_key
//   thread_target small               a thread on the smallest stack: how much of it was used
//   thread_target late                blocks of 5017 before main, 5019 and 5021 after it
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "tests/end_to_end/system_memory.h"

namespace {

uint64_t wanted = 0;
std::atomic<uint64_t> finished{0};

void expect(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "thread_target: %s\n", what);
  abort();
}

pthread_t start(void* (*run)(void*), void* argument, const pthread_attr_t* attributes = nullptr) {
  pthread_t thread;
  expect(pthread_create(&thread, attributes, run, argument) == 0, "pthread_create");
  return thread;
}

void keep(size_t size) {
  static std::atomic<void*> kept;
  kept.store(malloc(size));
}

void* live_shortly(void* argument) {
  keep(5001);
  void* volatile block = malloc(5003);
  free(block);
  finished.fetch_add(1);
  if (argument != nullptr) pthread_exit(nullptr);
  return nullptr;
}

void* make_short_threads(void*) {
  constexpr uint64_t kMakers = 4;
  for (uint64_t i = 0; i < wanted / kMakers; ++i) {
    const pthread_t thread = start(live_shortly, i % 3 == 0 ? &wanted : nullptr);
    if (i % 3 == 1) {
      pthread_detach(thread);
    } else {
      pthread_join(thread, nullptr);
    }
  }
  return nullptr;
}

void short_threads() {
  pthread_t makers[4];
  for (pthread_t& maker : makers) maker = start(make_short_threads, nullptr);
  for (const pthread_t maker : makers) pthread_join(maker, nullptr);
  while (finished.load() != wanted) usleep(1000);
}

pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

void* live_until_told(void*) {
  void* volatile block = malloc(5005);
  finished.fetch_add(1);
  pthread_mutex_lock(&gate);
  pthread_mutex_unlock(&gate);
  free(block);
  return nullptr;
}

void alive_threads() {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 64 * 1024);
  std::vector<pthread_t> threads(wanted);
  pthread_mutex_lock(&gate);
  for (pthread_t& thread : threads) thread = start(live_until_told, nullptr, &attributes);
  while (finished.load() != wanted) usleep(1000);
  pthread_mutex_unlock(&gate);
  for (const pthread_t thread : threads) pthread_join(thread, nullptr);
}

std::atomic<uint64_t> interruptions{0};

void interrupt(int) {
  void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  munmap(page, 4096);
  interruptions.fetch_add(1);
}

void signals() {
  stack_t stack{};
  stack.ss_size = 64 * 1024;
  stack.ss_sp = cistern_test::system_map(stack.ss_size);
  sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_handler = interrupt;
  action.sa_flags = SA_ONSTACK | SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  itimerval often{{0, 100}, {0, 100}};
  setitimer(ITIMER_REAL, &often, nullptr);
  constexpr uint64_t kLive = 1'000;
  static void* blocks[kLive];
  uint64_t sum = 0;
  for (uint64_t i = 0; i < wanted || interruptions.load() < 1'000; ++i) {
    free(blocks[i % kLive]);
    blocks[i % kLive] = i < wanted ? malloc(5007) : malloc(100);
    memset(blocks[i % kLive], static_cast<int>(i), 100);
    sum += static_cast<unsigned char*>(blocks[i % kLive])[99] * (i < wanted);
  }
  often = {};
  setitimer(ITIMER_REAL, &often, nullptr);
  for (void* block : blocks) free(block);
  keep(5007);
  printf("%llu\n", static_cast<unsigned long long>(sum));
}

// Small blocks, which glibc has in a cache of the thread: without the recorder no lock is ever held here.
void* allocate_for_ever(void* asynchronous) {
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
  for (int i = 0; i < 8; ++i) free(malloc(24));
  if (asynchronous != nullptr) pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
  finished.fetch_add(1);
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, nullptr);
  for (;;) {
    void* volatile block = malloc(24);
    free(block);
    if (asynchronous == nullptr) pthread_testcancel();
  }
}

void cancel() {
  for (uint64_t i = 0; i < wanted; ++i) {
    const uint64_t before = finished.load();
    const pthread_t thread = start(allocate_for_ever, i % 2 == 0 ? &wanted : nullptr);
    while (finished.load() == before) sched_yield();
    usleep(static_cast<useconds_t>(i * 7 % 50));
    pthread_cancel(thread);
    void* result;
    pthread_join(thread, &result);
    expect(result == PTHREAD_CANCELED, "not cancelled");
  }
}

struct Local {
  void* block = malloc(5011);
  ~Local() {
    free(block);
    void* volatile last = malloc(5011);
    free(last);
  }
};

pthread_key_t key;

void key_ends(void* rounds) {
  void* volatile block = malloc(5013);
  free(block);
  const auto left = reinterpret_cast<uintptr_t>(rounds) - 1;
  if (left != 0) pthread_setspecific(key, reinterpret_cast<void*>(left));
}

void* live_with_locals(void*) {
  static thread_local Local local;
  expect(local.block != nullptr, "no block");
  pthread_setspecific(key, reinterpret_cast<void*>(3));
  return nullptr;
}

void locals() {
  pthread_key_create(&key, key_ends);
  for (uint64_t i = 0; i < wanted; ++i) pthread_join(start(live_with_locals, nullptr), nullptr);
}

void* fill_segments(void*) {
  for (int i = 0; i < 100'000; ++i) {
    void* volatile block = malloc(48);
    block = realloc(block, 56);
    free(block);
  }
  return nullptr;
}

void small_stack() {
  const uint64_t bytes = PTHREAD_STACK_MIN;
  auto* const stack = static_cast<unsigned char*>(cistern_test::system_map(bytes));
  memset(stack, 0xA5, bytes);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  expect(pthread_attr_setstack(&attributes, stack, bytes) == 0, "pthread_attr_setstack");
  pthread_join(start(fill_segments, nullptr, &attributes), nullptr);
  uint64_t untouched = 0;
  while (stack[untouched] == 0xA5) ++untouched;
  fprintf(stdout, "%llu\n", static_cast<unsigned long long>(bytes - untouched));
}

struct Static {
  void* block = malloc(5017);
  ~Static() {
    free(block);
    keep(5021);
  }
};
Static of_the_program;

__attribute__((constructor)) void before_main() {
  keep(5017);
}
__attribute__((destructor)) void after_all() {
  keep(5021);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  if (argc > 2) wanted = strtoull(argv[2], nullptr, 10);
  if (strcmp(argv[1], "short") == 0) short_threads();
  if (strcmp(argv[1], "alive") == 0) alive_threads();
  if (strcmp(argv[1], "signals") == 0) signals();
  if (strcmp(argv[1], "cancel") == 0) cancel();
  if (strcmp(argv[1], "locals") == 0) locals();
  if (strcmp(argv[1], "small") == 0) small_stack();
  if (strcmp(argv[1], "late") == 0) atexit([] { keep(5019); });
  printf("done\n");
}
