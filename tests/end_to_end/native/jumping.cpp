// Leaves hooked calls by siglongjmp(): a timer's handler jumps out of a loop that maps and unmaps memory, as cysignals
// does when a computation is interrupted. mmap takes no lock of the C library, so the jump is allowed.
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

namespace {

sigjmp_buf g_begin;
volatile sig_atomic_t g_armed;

void jump(int) {
  if (g_armed == 0) return;
  g_armed = 0;
  siglongjmp(g_begin, 1);
}

}  // namespace

extern "C" int jump_out(int times) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = jump;
  action.sa_flags = SA_NODEFER;
  sigaction(SIGALRM, &action, nullptr);
  volatile int jumps = 0;
  while (jumps < times) {
    itimerval timer{};
    timer.it_value.tv_usec = 300 + jumps % 97;
    if (sigsetjmp(g_begin, 1) == 0) {
      g_armed = 1;
      setitimer(ITIMER_REAL, &timer, nullptr);
      for (;;) munmap(mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096);
    }
    jumps = jumps + 1;
  }
  signal(SIGALRM, SIG_IGN);
  return jumps;
}
