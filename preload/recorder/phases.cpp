#include "preload/recorder/phases.h"

#include "preload/cpython/code_object.h"
#include "preload/cpython/collector.h"
#include "preload/cpython/unicode.h"

namespace cistern::preload {
namespace {

// Used by the main thread only.
char g_file_text[kUnicodeBytes];
char g_name_text[kUnicodeBytes];

struct CodeNames {
  std::string_view file;
  std::string_view name;
};

CodeNames names_of(const PythonLayout& layout, const uint8_t* code) noexcept {
  return {read_unicode(layout, file_of(layout, code), g_file_text),
          read_unicode(layout, name_of(layout, code), g_name_text)};
}

bool is_root(const CodeNames& names) noexcept {
  if (names.name == "_run_module_as_main") return true;
  return names.name == "<module>" && !names.file.starts_with("<frozen");
}

bool is_shutdown(const CodeNames& names) noexcept {
  return names.name == "_shutdown" && names.file.ends_with("threading.py");
}

}  // namespace

void Phases::begin(RecordStream& records, uint64_t time) noexcept {
  records_ = &records;
  exiting_ = collecting_ = alive_ = false;
  finalizing_.store(false, std::memory_order_relaxed);
  enter(root_ == nullptr ? Phase::kStarting : Phase::kRunning, time);
}

void Phases::enter(Phase phase, uint64_t time) noexcept {
  last_.store(time << 4 | static_cast<uint64_t>(phase), std::memory_order_relaxed);
  records_->write(PhaseRecord{time, phase});
}

void Phases::repeat() noexcept {
  const uint64_t last = last_.load(std::memory_order_relaxed);
  records_->write(PhaseRecord{last >> 4, static_cast<Phase>(last & 15)});
}

void Phases::exiting(uint64_t time) noexcept {
  if (exiting_) return;
  exiting_ = true;
  enter(Phase::kExiting, time);
}

void Phases::root_changed(const Interpreter& python, const uint8_t* code, bool threading_imported,
                          uint64_t time) noexcept {
  if (python.embedded) {
    // It can be finalized only outside of all frames.
    if (!finalizing()) watching_.store(code == nullptr, std::memory_order_relaxed);
    return;
  }
  if (finalizing() && is_finalizing()) return;
  if (code == nullptr) {
    if (root_ == nullptr) return;
    if (!root_left_) {
      root_left_ = true;
      shutdown_seen_ = false;
      watching_.store(true, std::memory_order_relaxed);
      enter(Phase::kRootLeft, time);
    }
    if (shutdown_seen_ || !threading_imported) exiting(time);
    return;
  }
  if (root_ != nullptr && !root_left_ && code == root_) return;
  const CodeNames names = names_of(*python.layout, code);
  if (is_root(names) || code == root_) {
    if (root_ == nullptr || root_left_) enter(Phase::kRunning, time);
    root_ = code;
    root_left_ = exiting_ = collecting_ = false;
    finalizing_.store(false, std::memory_order_relaxed);
    watching_.store(false, std::memory_order_relaxed);
  } else if (root_left_ && is_shutdown(names)) {
    shutdown_seen_ = true;
  } else if (root_left_ && shutdown_seen_) {
    exiting(time);  // the first frame of an atexit callback
  }
}

void Phases::forget_root() noexcept {
  root_ = nullptr;
  root_left_ = alive_ = false;
  watching_.store(false, std::memory_order_relaxed);
}

void Phases::check_life(uint64_t time) noexcept {
  if (finalizing() ? is_finalizing() : alive_) return;
  if (!is_initialized()) return;
  alive_ = true;
  collecting_ = false;
  finalizing_.store(false, std::memory_order_relaxed);
  enter(Phase::kRunning, time);
}

// Py_FinalizeEx collects once before it destroys modules, unless the collector is off (Python/pylifecycle.c, 3.8
// – 3.13).
void Phases::check(const Interpreter& python, const uint8_t* tstate, uint64_t time) noexcept {
  if (python.embedded) check_life(time);
  if (!finalizing()) {
    if (!is_finalizing()) return;
    finalizing_.store(true, std::memory_order_relaxed);
    enter(Phase::kFinalizing, time);
    watching_.store(collector_is_on(python, tstate), std::memory_order_relaxed);
    return;
  }
  const bool collecting = watching() && is_collecting(python, tstate);
  if (collecting == collecting_) return;
  collecting_ = collecting;
  enter(collecting ? Phase::kCollecting : Phase::kCollected, time);
  watching_.store(collecting, std::memory_order_relaxed);
}

}  // namespace cistern::preload
