// The phase of the program's life, seen from the main thread's outermost Python frame.
//
// The root is the first outermost frame that is runpy's _run_module_as_main or the <module> of a file that is not
// frozen. The program has ended when the root has returned and threading._shutdown, which joins the non-daemon threads,
// has run; atexit callbacks come after it (Python/pylifecycle.c, Py_FinalizeEx, 3.8 – 3.13). An embedded interpreter
// has no root: its program runs from the initialization until finalizing begins, and runs again if the interpreter is
// initialized again. Called by the main thread only, where a function says nothing else.
#pragma once

#include <atomic>
#include <cstdint>

#include "cistern/format/moment_records.h"
#include "preload/cpython/interpreter.h"
#include "preload/ring/record_stream.h"

namespace cistern::preload {

class Phases {
 public:
  void begin(RecordStream& records, uint64_t time) noexcept;

  // The main thread's outermost frame is now one of `code`, or there is none (nullptr). `threading_imported`: code of
  // threading.py has run, so _shutdown will run.
  void root_changed(const Interpreter& python, const uint8_t* code, bool threading_imported, uint64_t time) noexcept;

  // Whether finalizing, or its collection, may begin soon: the root has returned. Then call check() before each event
  // of domain OBJ.
  bool watching() const noexcept { return watching_.load(std::memory_order_relaxed); }
  void check(const Interpreter& python, const uint8_t* tstate, uint64_t time) noexcept;

  void enter(Phase phase, uint64_t time) noexcept;
  // Whether the interpreter finalizes, as far as check() has seen. Any thread; a thread may read it a little late.
  bool finalizing() const noexcept { return finalizing_.load(std::memory_order_relaxed); }
  // Writes the last phase record again. Any thread.
  void repeat() noexcept;
  // Whether the root has been seen: Python code of the program itself has run. Any thread.
  bool root_seen() const noexcept { return root_ != nullptr; }
  // The interpreter has been unloaded; another one may be loaded.
  void forget_root() noexcept;

 private:
  void exiting(uint64_t time) noexcept;
  void check_life(uint64_t time) noexcept;

  RecordStream* records_ = nullptr;
  const uint8_t* root_ = nullptr;
  bool root_left_ = false;
  bool shutdown_seen_ = false;
  bool exiting_ = false;
  bool alive_ = false;  // an embedded interpreter is initialized
  std::atomic<bool> finalizing_{false};
  bool collecting_ = false;
  std::atomic<bool> watching_{false};
  std::atomic<uint64_t> last_{0};  // time << 4 | phase; a time has 60 bits
};

}  // namespace cistern::preload
