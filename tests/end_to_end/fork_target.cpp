// Creates processes by the function that KIND names. Every process takes a row in the file ROWS, makes blocks of a size
// of its own, frees some of them and some that it inherited, and counts this in its row; see test_forks.py. Prints
// nothing; exits with 0 if each child ended as expected, with 3 if this libc lacks the function.
//
//   fork_target ROWS KIND [NUMBER]
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/end_to_end/system_memory.h"

namespace {

constexpr uint64_t kRows = 1024;
constexpr uint64_t kThreads = 3;

struct Row {
  std::atomic<uint32_t> pid, parent;
  std::atomic<uint64_t> size, made, freed, inherited_freed;
};
static_assert(sizeof(Row) == 40);

struct Rows {
  std::atomic<uint64_t> used;
  uint64_t reserved[4];
  Row rows[kRows];
  // Of the threads that allocate while the process forks: thread ids, and calls that have returned.
  std::atomic<uint64_t> tid[kThreads], completed[kThreads];
};

Rows* table;
Row* row;
const char* rows_path;
const char* program;

constexpr int kKept = 300, kDropped = 100, kInherited = 50;
// Blocks for children to free. Each process makes some for the next generation.
void* to_inherit[kInherited];

void take_row() {
  const uint64_t index = table->used.fetch_add(1);
  if (index >= kRows) _exit(98);
  // A process that has done nothing to be recorded is nobody's parent.
  const pid_t parent = row != nullptr ? static_cast<pid_t>(row->pid) : getppid();
  row = &table->rows[index];
  row->parent = static_cast<uint32_t>(parent);
  row->size = 40001 + 2 * index;
  row->pid = static_cast<uint32_t>(getpid());
}

void* make() {
  void* const block = malloc(row->size);
  if (block == nullptr) _exit(97);
  ++row->made;
  return block;
}

void work(bool inherited) {
  take_row();
  if (inherited) {
    for (void*& block : to_inherit) {
      free(block);
      ++row->inherited_freed;
    }
  }
  for (int i = 0; i < kKept; ++i) make();
  for (int i = 0; i < kDropped; ++i) {
    free(make());
    ++row->freed;
  }
  for (void*& block : to_inherit) block = make();
}

int ended_well(pid_t child) {
  int status = 0;
  if (child < 0) return 10;
  if (waitpid(child, &status, 0) != child) return 11;
  return WIFEXITED(status) && WEXITSTATUS(status) == 7 ? 0 : 12;
}

[[noreturn]] void be_child() {
  work(true);
  _exit(7);
}

template <typename Fork>
int with(Fork make_process) {
  const pid_t child = make_process();
  if (child == 0) be_child();
  return ended_well(child);
}

pid_t raw_clone() {
  return static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

int async_fork() {
  const auto found = reinterpret_cast<pid_t (*)()>(dlsym(RTLD_DEFAULT, "_Fork"));
  const pid_t child = found == nullptr ? -1 : found();
  if (child < 0 && (found == nullptr || errno == ENOSYS)) return 3;
  if (child == 0) be_child();
  return ended_well(child);
}

int pseudo_terminal() {
  int master = -1;
  const pid_t child = forkpty(&master, nullptr, nullptr, nullptr);
  if (child == 0) be_child();
  return ended_well(child);
}

char** leaf_arguments() {
  static char* arguments[] = {const_cast<char*>(program), const_cast<char*>(rows_path), const_cast<char*>("leaf"),
                              nullptr};
  return arguments;
}

int vfork_exec() {
  const pid_t child = vfork();
  if (child == 0) {
    execv(program, leaf_arguments());
    _exit(96);
  }
  return ended_well(child);
}

// With an environment that is a copy, made before this process was forked.
char** copied_environment = nullptr;
char** copy_environment() {
  size_t count = 0;
  while (environ[count] != nullptr) ++count;
  auto** const copy = static_cast<char**>(calloc(count + 1, sizeof(char*)));
  for (size_t i = 0; i < count; ++i) copy[i] = strdup(environ[i]);
  return copy;
}

int spawn_with(char** environment) {
  pid_t child = -1;
  if (posix_spawn(&child, program, nullptr, nullptr, leaf_arguments(), environment) != 0) return 13;
  return ended_well(child);
}

int spawn() {
  return spawn_with(environ);
}

template <typename Start>
int below_a_child(Start start) {
  copied_environment = copy_environment();
  const pid_t child = fork();
  if (child == 0) {
    work(true);
    const int failed = start();
    _exit(failed == 0 ? 7 : failed);
  }
  return ended_well(child);
}

int exec_below_a_child() {
  return below_a_child([] { return execve(program, leaf_arguments(), copied_environment), 14; });
}
int spawn_below_a_child() {
  return below_a_child([] { return spawn_with(copied_environment); });
}
int vfork_below_a_child() {
  return below_a_child([] {
    const pid_t child = vfork();
    if (child == 0) {
      execve(program, leaf_arguments(), copied_environment);
      _exit(96);
    }
    return ended_well(child);
  });
}

int failing_exec() {
  execl("/nonexistent", "nonexistent", static_cast<char*>(nullptr));
  return with(fork);
}

int below_a_shell() {
  char command[4096];
  snprintf(command, sizeof command, "true; '%s' '%s' leaf; test $? = 7", program, rows_path);
  return system(command) == 0 ? 0 : 15;
}

int generations(int depth) {
  const pid_t child = fork();
  if (child == 0) {
    work(true);
    const int failed = depth == 1 ? 0 : generations(depth - 1);
    _exit(failed == 0 ? 7 : failed);
  }
  return ended_well(child);
}

template <typename Result>
int in_thread(Result (*run)()) {
  pthread_t thread;
  void* result = nullptr;
  const auto start = [](void* argument) -> void* {
    return reinterpret_cast<void*>(static_cast<intptr_t>(reinterpret_cast<Result (*)()>(argument)()));
  };
  if (pthread_create(&thread, nullptr, start, reinterpret_cast<void*>(run)) != 0) return 16;
  pthread_join(thread, &result);
  return static_cast<int>(reinterpret_cast<intptr_t>(result));
}

int fork_in_thread() {
  return in_thread(+[] { return with(fork); });
}

// The child's blocks are made by a thread of its own.
int threads_in_child() {
  const pid_t child = fork();
  if (child == 0) _exit(in_thread(+[] { return work(true), 7; }));
  return ended_well(child);
}

int killed_child() {
  const pid_t child = fork();
  if (child == 0) {
    work(true);
    raise(SIGKILL);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) return 11;
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? 0 : 12;
}

// In the manner of a service: two forks, a session of its own, no descriptor, another directory.
[[noreturn]] void be_daemon(int said) {
  setsid();
  if (fork() != 0) _exit(7);
  if (chdir("/") != 0) _exit(95);
  for (int fd = 0; fd < 1024; ++fd) {
    if (fd != said) close(fd);
  }
  syscall(SYS_close_range, said + 1, ~0u, 0);
  work(true);
  char ok = 'k';
  if (write(said, &ok, 1) != 1) _exit(94);
  _exit(7);
}

int wait_for_word(int from) {
  char said = 0;
  return read(from, &said, 1) == 1 && said == 'k' ? 0 : 17;
}

int daemon_by_hand() {
  int ends[2];
  if (pipe(ends) != 0) return 18;
  const pid_t child = fork();
  if (child == 0) be_daemon(ends[1]);
  close(ends[1]);
  const int failed = ended_well(child);
  return failed != 0 ? failed : wait_for_word(ends[0]);
}

int daemon_by_libc() {
  int ends[2];
  if (pipe(ends) != 0) return 18;
  const pid_t child = fork();
  if (child == 0) {
    if (daemon(0, 0) != 0) _exit(93);
    work(true);
    _exit(write(ends[1], "k", 1) == 1 ? 7 : 94);
  }
  close(ends[1]);
  if (waitpid(child, nullptr, 0) != child) return 11;
  return wait_for_word(ends[0]);
}

std::atomic<bool> churning{true};
std::atomic<uint64_t> allowed{0};  // calls a thread: a profile of some size, however slow the machine

void* churn(void* argument) {
  const auto index = reinterpret_cast<uint64_t>(argument);
  table->tid[index] = static_cast<uint64_t>(gettid());
  while (churning) {
    if (table->completed[index].load(std::memory_order_relaxed) >= allowed.load(std::memory_order_relaxed)) {
      sched_yield();
      continue;
    }
    void* const block = malloc(2000);  // past the thread's cache: malloc takes its lock
    free(block);
    table->completed[index].fetch_add(2, std::memory_order_relaxed);
    // As an exception may do it: takes the loader's lock, which fork() does not free.
    if (index == 0) dl_iterate_phdr([](dl_phdr_info*, size_t, void*) { return sched_yield(); }, nullptr);
  }
  return nullptr;
}

// Every child must end: one that waits for a lock is killed by its alarm.
int among_threads(pid_t (*make_process)(), int number) {
  pthread_t threads[kThreads];
  for (uint64_t i = 0; i < kThreads; ++i) {
    if (pthread_create(&threads[i], nullptr, churn, reinterpret_cast<void*>(i)) != 0) return 16;
  }
  int failed = 0;
  constexpr uint64_t kCallsBetweenForks = 10'000;
  for (int i = 0; i < number && failed == 0; ++i) {
    allowed += kCallsBetweenForks;
    const pid_t child = make_process();
    if (child == 0) {
      alarm(30);
      if (make_process != raw_clone) {
        work(true);
      } else {
        // Only what is safe while another thread held malloc's locks: memory from the kernel.
        take_row();
        if (mmap(nullptr, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) _exit(92);
      }
      _exit(7);
    }
    failed = ended_well(child);
  }
  churning = false;
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
  return failed;
}

void* start_threads(void*) {
  while (churning) {
    pthread_t thread;
    if (pthread_create(
            &thread, nullptr, [](void* none) { return none; }, nullptr) == 0)
      pthread_join(thread, nullptr);
  }
  return nullptr;
}

// Forks while other threads start threads; each child starts one too.
int among_starts(int number) {
  pthread_t threads[kThreads];
  for (pthread_t& thread : threads) {
    if (pthread_create(&thread, nullptr, start_threads, nullptr) != 0) return 16;
  }
  int failed = 0;
  for (int i = 0; i < number && failed == 0; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(30);
      _exit(in_thread(+[] { return work(true), 7; }));
    }
    failed = ended_well(child);
  }
  churning = false;
  for (pthread_t thread : threads) pthread_join(thread, nullptr);
  return failed;
}

void* allocate_for_ever(void*) {
  for (;;) free(malloc(2000));
}

// Children that end by _exit in a signal handler, which has interrupted malloc most of the time.
int exits_in_handlers(int number) {
  int failed = 0;
  for (int i = 0; i < number && failed == 0; ++i) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(30);
      signal(SIGVTALRM, [](int) { _exit(7); });
      take_row();
      const itimerval soon{{0, 0}, {0, 2000}};
      setitimer(ITIMER_VIRTUAL, &soon, nullptr);
      pthread_t other;  // with a second thread malloc takes its locks
      pthread_create(&other, nullptr, allocate_for_ever, nullptr);
      allocate_for_ever(nullptr);
    }
    failed = ended_well(child);
  }
  return failed;
}

int go(const char* kind, int number) {
  const auto is = [kind](const char* name) { return strcmp(kind, name) == 0; };
  if (is("fork")) return with(fork);
  if (is("_Fork")) return async_fork();
  if (is("clone")) return with(raw_clone);
  if (is("forkpty")) return pseudo_terminal();
  if (is("vfork-exec")) return vfork_exec();
  if (is("posix_spawn")) return spawn();
  if (is("system")) return below_a_shell();
  if (is("failing-exec")) return failing_exec();
  if (is("fork-exec")) return exec_below_a_child();
  if (is("fork-spawn")) return spawn_below_a_child();
  if (is("fork-vfork-exec")) return vfork_below_a_child();
  if (is("generations")) return generations(number);
  if (is("fork-in-thread")) return fork_in_thread();
  if (is("threads-in-child")) return threads_in_child();
  if (is("killed")) return killed_child();
  if (is("daemon-by-hand")) return daemon_by_hand();
  if (is("daemon-by-libc")) return daemon_by_libc();
  if (is("exit-in-handler")) return exits_in_handlers(number);
  if (is("fork-among-starts")) return among_starts(number);
  if (is("fork-among-threads")) return among_threads(fork, number);
  if (is("clone-among-threads")) return among_threads(raw_clone, number);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  program = argv[0];
  rows_path = argv[1];
  table = static_cast<Rows*>(cistern_test::system_map_file(rows_path, sizeof(Rows)));
  if (table == nullptr) return 2;
  if (strcmp(argv[2], "leaf") == 0) {
    work(false);
    _exit(7);
  }
  if (strcmp(argv[2], "exec") == 0) {
    work(false);
    execv(program, leaf_arguments());
    return 14;
  }
  work(false);
  const int result = go(argv[2], argc > 3 ? atoi(argv[3]) : 0);
  _exit(result);
}
