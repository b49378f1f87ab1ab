// In which part of its life the program is, seen from the main thread's outermost Python frame: design decision "end
// state". The root is the first outermost frame that is runpy's _run_module_as_main or the <module> of a file that is
// not frozen. The program has ended when the root has returned and threading._shutdown, which joins the non-daemon
// threads, has run; atexit callbacks come after it (Python/pylifecycle.c, Py_FinalizeEx, 3.8 – 3.13). Called by the
// main thread only. An embedded interpreter has no root: the program runs from when it is initialized until it begins
// to finalize, and a later life takes that back.
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

  // The main thread's outermost frame is now one of `code`, or there is none (nullptr). `threading_imported`: whether
  // code of threading.py has run, so that _shutdown is to be expected.
  void root_changed(const Interpreter& python, const uint8_t* code, bool threading_imported, uint64_t time) noexcept;

  // Whether finalizing is to be expected, or its collection: the root has returned. Then call look() before each event
  // of domain OBJ.
  bool watching() const noexcept { return watching_.load(std::memory_order_relaxed); }
  void look(const Interpreter& python, const uint8_t* tstate, uint64_t time) noexcept;

  void enter(Phase phase, uint64_t time) noexcept;
  // Whether the interpreter was seen to finalize, and not to come up again. Relaxed: a thread may see it a little late.
  bool finalizing() const noexcept { return finalizing_.load(std::memory_order_relaxed); }
  // Writes the last phase once more, as it was. Any thread.
  void repeat() noexcept;
  // Whether Python code of the program's own has been seen.
  bool root_seen() const noexcept { return root_ != nullptr; }
  // The interpreter is gone; another one may come.
  void forget_root() noexcept;

 private:
  void exiting(uint64_t time) noexcept;
  void look_at_life(uint64_t time) noexcept;

  RecordStream* records_ = nullptr;
  const uint8_t* root_ = nullptr;
  bool root_left_ = false;
  bool shutdown_seen_ = false;
  bool exiting_ = false;
  bool alive_ = false;  // an embedded interpreter has come up
  std::atomic<bool> finalizing_{false};
  bool collecting_ = false;
  std::atomic<bool> watching_{false};
  std::atomic<uint64_t> last_{0};  // time << 4 | phase; a time has 60 bits
};

}  // namespace cistern::preload
