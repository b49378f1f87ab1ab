// Code that a signal interrupts, whose handler allocates.
#include <sys/time.h>

#include <csignal>
#include <cstdlib>

namespace {

volatile std::sig_atomic_t wanted = 0;
void* volatile kept = nullptr;

}  // namespace

extern "C" {

[[gnu::noinline]] void handle_signal(int) {
  if (wanted == 0) return;
  kept = malloc(static_cast<size_t>(wanted));
  wanted = 0;
}

// Calls nothing: there is no return address to be found but by the signal's frame.
[[gnu::noinline]] long spin() {
  long rounds = 0;
  while (wanted != 0) ++rounds;
  return rounds;
}

// Works until a timer's signal comes.
[[gnu::noinline]] long interrupted(int size) {
  struct sigaction action {};
  action.sa_handler = handle_signal;
  sigaction(SIGALRM, &action, nullptr);
  wanted = size;
  const itimerval soon{{0, 0}, {0, 2000}};
  setitimer(ITIMER_REAL, &soon, nullptr);
  return spin() + 1;
}

// Interrupts itself.
[[gnu::noinline]] long interrupts_itself(int size) {
  struct sigaction action {};
  action.sa_handler = handle_signal;
  sigaction(SIGUSR1, &action, nullptr);
  wanted = size;
  raise(SIGUSR1);
  return wanted + 1L;
}
}
