// How much of its stack a program needs: operations run on a stack that was painted before. The stack of a forked child
// is read when it ends, as a debugger does.
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstddef>

namespace {

constexpr size_t kStackBytes = 512 * 1024;
constexpr char kPaint = static_cast<char>(0xA5);

const char* g_library;
void* (*g_object_malloc)(size_t);
void (*g_object_free)(void*);
void* (*g_call)(void*);
void* g_callable;
void* volatile g_kept;
char* g_stack;
size_t g_used_in_child;
char g_copy[kStackBytes];
bool g_cannot_trace;

size_t bytes_used(const char* stack) {
  size_t untouched = 0;
  while (untouched < kStackBytes && stack[untouched] == kPaint) ++untouched;
  return kStackBytes - untouched;
}

// Lets a child that waits to be traced go on, and notes how much of the stack it has used when it ends.
void watch(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFSTOPPED(status)) {
    g_cannot_trace = true;
    return;
  }
  ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACEEXIT);
  ptrace(PTRACE_CONT, child, nullptr, nullptr);
  while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
    const bool ends = status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8);
    iovec to{g_copy, kStackBytes};
    iovec from{g_stack, kStackBytes};
    if (ends && process_vm_readv(child, &to, 1, &from, 1, 0) == ssize_t{kStackBytes}) {
      g_used_in_child = bytes_used(g_copy);
    }
    ptrace(PTRACE_CONT, child, nullptr, ends ? 0 : WSTOPSIG(status));
  }
}

void* keep(void* block) {
  g_kept = block;
  return block;
}

void use_malloc() {
  free(realloc(keep(malloc(100)), 5000));
  free(keep(calloc(10, 100)));
  void* aligned = nullptr;
  if (posix_memalign(&aligned, 64, 100) == 0) free(aligned);
}
void use_large_block() {
  free(keep(malloc(1 << 20)));
}
void use_mmap() {
  void* const block = mmap(nullptr, 1 << 16, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  void* const moved = mremap(block, 1 << 16, 1 << 17, MREMAP_MAYMOVE);
  munmap(moved, 1 << 17);
}
void use_many() {
  for (int i = 0; i < 300'000; ++i) free(keep(malloc(40)));
}
void use_objects() {
  g_object_free(keep(g_object_malloc(100)));
}
void use_python() {
  g_call(g_callable);
}
void use_dlopen() {
  void* const library = dlopen(g_library, RTLD_NOW);
  if (library != nullptr) dlclose(library);
}

template <typename InChild>
void in_child(InChild run) {
  const pid_t child = fork();
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(9);
    raise(SIGSTOP);
    use_malloc();
    run();
  }
  watch(child);
}
void use_fork() {
  in_child([] { _exit(0); });
}
void use_exit() {
  in_child([] { exit(0); });
}
void use_exec() {
  in_child([] {
    execl("/no/such/program", "program", nullptr);
    _exit(1);
  });
}
void* sleep_in_thread(void*) {
  return keep(malloc(100));
}
void use_thread() {
  pthread_t thread;
  if (pthread_create(&thread, nullptr, sleep_in_thread, nullptr) == 0) pthread_join(thread, nullptr);
}

struct Operation {
  const char* name;
  void (*run)();
};
constexpr Operation kOperations[] = {
    {"malloc", use_malloc}, {"large block", use_large_block}, {"mmap", use_mmap}, {"objects", use_objects},
    {"python", use_python}, {"dlopen", use_dlopen},           {"fork", use_fork}, {"exit", use_exit},
    {"exec", use_exec},     {"thread", use_thread},           {"many", use_many},
};

ucontext_t g_caller;
ucontext_t g_painted;
void (*g_run)();

void enter() {
  g_run();
}

void* enter_thread(void*) {
  g_run();
  return nullptr;
}

int most_used() {
  const size_t used = bytes_used(g_stack);
  return static_cast<int>(used > g_used_in_child ? used : g_used_in_child);
}

}  // namespace

extern "C" {

// The library that dlopen loads, and functions and an object of the interpreter.
void prepare(const char* library, void* (*object_malloc)(size_t), void (*object_free)(void*), void* (*call)(void*),
             void* callable) {
  g_library = library;
  g_object_malloc = object_malloc;
  g_object_free = object_free;
  g_call = call;
  g_callable = callable;
  g_stack = static_cast<char*>(
      mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
}

// The name of an operation; null behind the last one.
const char* operation(int index) {
  constexpr int kCount = sizeof kOperations / sizeof kOperations[0];
  return index < kCount ? kOperations[index].name : nullptr;
}

// Whether the system let no child be traced: then what children use is not known.
int cannot_trace() {
  return g_cannot_trace;
}

// Runs it as a coroutine, or as a thread, and returns how many bytes of the stack were written.
int run_as_coroutine(int index) {
  memset(g_stack, kPaint, kStackBytes);
  g_used_in_child = 0;
  g_run = kOperations[index].run;
  getcontext(&g_painted);
  g_painted.uc_stack.ss_sp = g_stack;
  g_painted.uc_stack.ss_size = kStackBytes;
  g_painted.uc_link = &g_caller;
  makecontext(&g_painted, enter, 0);
  swapcontext(&g_caller, &g_painted);
  return most_used();
}
int run_as_thread(int index) {
  memset(g_stack, kPaint, kStackBytes);
  g_used_in_child = 0;
  g_run = kOperations[index].run;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, g_stack, kStackBytes);
  pthread_t thread;
  if (pthread_create(&thread, &attributes, enter_thread, nullptr) != 0) return -1;
  pthread_join(thread, nullptr);
  return most_used();
}
}
