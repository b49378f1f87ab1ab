// A program that embeds Python without being linked with it. Every symbol of libpython comes from the dlopen of the
// path that it is given.
//   embed_target rounds LIBPYTHON FOLDER COUNT [global] [plugin=PATH] [thread] [heap] [close]
//   embed_target callbacks LIBPYTHON FOLDER COUNT THREADS
//   embed_target interpreters LIBPYTHON FOLDER COUNT THREADS [own]
// `rounds` initializes Python COUNT times, has embedded.work(round) run and finalizes. `callbacks` lets native THREADS
// call embedded.work(thread) COUNT times each. `interpreters` lets each of THREADS make COUNT interpreters, one after
// the other, that run embedded.work(thread). FOLDER is where embedded.py lies.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

struct PyThreadState;
struct PyStatus {  // Include/cpython/initconfig.h
  int type;
  const char* function;
  const char* message;
  int exit_code;
};
struct PyInterpreterConfig {  // Include/cpython/pylifecycle.h, 3.12 and 3.13
  int use_main_obmalloc, allow_fork, allow_exec, allow_threads, allow_daemon_threads, check_multi_interp_extensions,
      gil;
};
constexpr PyInterpreterConfig kOwnGil{0, 0, 0, 1, 0, 1, 2};

struct Python {
  void* library = nullptr;
  void (*Py_InitializeEx)(int);
  int (*Py_FinalizeEx)();
  int (*PyRun_SimpleStringFlags)(const char*, void*);
  PyThreadState* (*PyEval_SaveThread)();
  void (*PyEval_RestoreThread)(PyThreadState*);
  int (*PyGILState_Ensure)();
  void (*PyGILState_Release)(int);
  PyThreadState* (*PyThreadState_Get)();
  PyThreadState* (*PyThreadState_Swap)(PyThreadState*);
  PyThreadState* (*Py_NewInterpreter)();
  void (*Py_EndInterpreter)(PyThreadState*);
  PyStatus (*Py_NewInterpreterFromConfig)(PyThreadState**, const PyInterpreterConfig*);
};
Python g_python;

[[noreturn]] void fail(const char* what) {
  fprintf(stderr, "embed_target: %s\n", what);
  exit(3);
}

template <typename T>
void bind(T& target, const char* name, bool needed = true) {
  target = reinterpret_cast<T>(dlsym(g_python.library, name));
  if (target == nullptr && needed) fail(name);
}

using Open = void* (*)(const char*, int);

void load(const char* path, int how, Open open) {
  g_python.library = open(path, how);
  if (g_python.library == nullptr) fail(dlerror());
#define BIND(name) bind(g_python.name, #name)
  BIND(Py_InitializeEx);
  BIND(Py_FinalizeEx);
  BIND(PyRun_SimpleStringFlags);
  BIND(PyEval_SaveThread);
  BIND(PyEval_RestoreThread);
  BIND(PyGILState_Ensure);
  BIND(PyGILState_Release);
  BIND(PyThreadState_Get);
  BIND(PyThreadState_Swap);
  BIND(Py_NewInterpreter);
  BIND(Py_EndInterpreter);
#undef BIND
  bind(g_python.Py_NewInterpreterFromConfig, "Py_NewInterpreterFromConfig", false);
}

void run(const char* folder, int number) {
  const std::string path = std::string("import sys; sys.path.insert(0, '") + folder + "')";
  const std::string work = "import embedded; embedded.work(" + std::to_string(number) + ")";
  if (g_python.PyRun_SimpleStringFlags(path.c_str(), nullptr) != 0) fail("sys.path");
  if (g_python.PyRun_SimpleStringFlags(work.c_str(), nullptr) != 0) fail("embedded.work");
}

// Blocks of every size, half of them kept: a heap that was in use before Python came.
std::vector<void*> use_heap() {
  std::vector<void*> kept;
  for (size_t i = 0; i < 200'000; ++i) {
    void* const block = malloc(i % 3000);
    if (i % 2 == 0) {
      kept.push_back(block);
    } else {
      free(block);
    }
  }
  return kept;
}

void one_round(const char* folder, int round) {
  g_python.Py_InitializeEx(0);
  run(folder, round);
  const int failed = g_python.Py_FinalizeEx();
  free(malloc(777));
  printf("round %d: %d\n", round, failed);
}

int rounds(char** argv, const std::set<std::string>& flags, const char* plugin) {
  const int count = atoi(argv[4]);
  Open open = dlopen;
  if (plugin != nullptr) {
    void* const library = dlopen(plugin, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) fail(dlerror());
    open = reinterpret_cast<Open>(dlsym(library, "open_library"));
  }
  const int how = RTLD_NOW | (flags.count("global") != 0 ? RTLD_GLOBAL : RTLD_LOCAL);
  std::vector<void*> kept;
  if (flags.count("heap") != 0) kept = use_heap();
  const auto all = [&] {
    load(argv[2], how, open);
    for (int round = 1; round <= count; ++round) {
      one_round(argv[3], round);
      if (flags.count("close") == 0) continue;
      dlclose(g_python.library);
      for (int i = 0; i < 2000; ++i) free(malloc(778));
      if (round < count) load(argv[2], how, open);
    }
  };
  if (flags.count("thread") != 0) {
    std::thread(all).join();
  } else {
    all();
  }
  for (void* block : kept) free(block);
  return 0;
}

void in_threads(int threads, void (*what)(const char* folder, int thread, int count), const char* folder, int count) {
  PyThreadState* const main = g_python.PyEval_SaveThread();
  std::vector<std::thread> running;
  for (int i = 1; i <= threads; ++i) running.emplace_back(what, folder, i, count);
  for (std::thread& thread : running) thread.join();
  g_python.PyEval_RestoreThread(main);
}

void call_back(const char* folder, int thread, int count) {
  for (int i = 0; i < count; ++i) {
    void* const before = malloc(static_cast<size_t>(7000 + thread));  // where Python is not
    const int state = g_python.PyGILState_Ensure();
    run(folder, thread);
    g_python.PyGILState_Release(state);
    free(before);
  }
}

template <bool kOwn>
void make_interpreters(const char* folder, int thread, int count) {
  const int state = g_python.PyGILState_Ensure();
  PyThreadState* const home = g_python.PyThreadState_Get();
  for (int i = 0; i < count; ++i) {
    PyThreadState* sub = nullptr;
    if (kOwn) {
      const PyStatus status = g_python.Py_NewInterpreterFromConfig(&sub, &kOwnGil);
      if (status.type != 0) fail(status.message);
    } else {
      sub = g_python.Py_NewInterpreter();
    }
    run(folder, thread);
    g_python.Py_EndInterpreter(sub);
    if (kOwn) {
      g_python.PyEval_RestoreThread(home);
    } else {
      g_python.PyThreadState_Swap(home);
    }
  }
  g_python.PyGILState_Release(state);
}

int threads(char** argv, bool interpreters, bool own) {
  load(argv[2], RTLD_NOW | RTLD_GLOBAL, dlopen);
  g_python.Py_InitializeEx(0);
  run(argv[3], 0);
  const auto what = !interpreters ? call_back : own ? make_interpreters<true> : make_interpreters<false>;
  in_threads(atoi(argv[5]), what, argv[3], atoi(argv[4]));
  printf("finalized: %d\n", g_python.Py_FinalizeEx());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) fail("usage: see the source");
  const std::string mode = argv[1];
  std::set<std::string> flags;
  const char* plugin = nullptr;
  for (int i = 5; i < argc; ++i) {
    if (strncmp(argv[i], "plugin=", 7) == 0) {
      plugin = argv[i] + 7;
    } else {
      flags.insert(argv[i]);
    }
  }
  if (mode == "rounds") return rounds(argv, flags, plugin);
  if (argc < 6) fail("how many threads?");
  return threads(argv, mode == "interpreters", flags.count("own") != 0);
}
