#include "preload/recorder/python_events.h"

#include <stdlib.h>

#include "preload/base/clock.h"
#include "preload/base/elf.h"
#include "preload/base/loaded_modules.h"
#include "preload/base/message.h"
#include "preload/base/proc.h"
#include "preload/base/thread_context.h"
#include "preload/cpython/asyncio_module.h"
#include "preload/recorder/child_environment.h"
#include "preload/recorder/facts.h"
#include "preload/recorder/modules.h"
#include "preload/recorder/native_capture.h"
#include "preload/recorder/recorder.h"
#include "preload/recorder/thread_registry.h"

namespace cistern::preload {
namespace {

// Under `cistern run` nothing is printed before the program has ended: the terminal is the program's.
void print_python_is_off(std::string_view what_is_recorded) noexcept {
  g_recorder.count(Counter::kPythonOff);
  if (run_file() != nullptr) return;
  Text<256> which;
  which.add(g_python.implementation).add(" ");
  which.add(uint64_t{g_python.major}).add(".").add(uint64_t{g_python.minor});
  print_once(what_is_recorded, which.view(), g_python.reason);
}

}  // namespace

void hook_interpreter() noexcept {
  Recorder& recorder = g_recorder;
  find_evaluation_function();
  find_asyncio(g_python, recorder.interner.asyncio_seen());
  const bool late = is_initialized();  // its code may have run before
  recorder.python_stacks = false;
  if (hookable(g_python)) {
    const bool paused = recorder.paused.load(std::memory_order_relaxed);
    paused ? recorder.hooks->note_python_allocators() : recorder.hooks->install_python_hooks(recorder.options.domains);
    recorder.python_stacks = g_python.stacks == PythonStacks::kOn;
  }
  const uint64_t time = now();
  write_interpreter(recorder.records, time);
  recorder.install = InstallRecord{time, late, recorder.options.domains};
  recorder.records.write(recorder.install);
  if (recorder.python_stacks || !g_python.found) return;
  print_python_is_off("recording native allocations only");
}

void check_for_new_python(const void* caller) noexcept {
  // The process that has a thread in here. A forked child's threads do not wait for a thread of the parent.
  static std::atomic<uint32_t> checking_pid{0};
  if (!modules_changed() || in_loader(caller)) return;
  const uint32_t self = process_id();
  if (checking_pid.exchange(self, std::memory_order_acquire) == self) return;
  const ReentrancyGuard guard;
  forget_loader_calls();
  const std::optional<bool> found = find_interpreter();
  if (!found) note_loader_call();
  if (found.value_or(false)) hook_interpreter();
  checking_pid.store(0, std::memory_order_release);
}

void forget_interpreter() noexcept {
  g_recorder.python_stacks = false;
  forget_thread_holders();
  g_python = Interpreter{};
  find_evaluation_function();
  g_recorder.hooks->forget_python_hooks();
  g_recorder.interner.retire_all_codes();
  g_recorder.phases.forget_root();
  g_recorder.collector.reset();
  g_recorder.layout_check.reset();
}

void switch_python_stacks_off(const char* reason) noexcept {
  g_recorder.python_stacks = false;
  g_python.stacks = PythonStacks::kContradiction;
  g_python.reason = reason;
  write_interpreter(g_recorder.records, now());
  print_python_is_off("recording no Python stacks");
}

void record_reinstalled_hooks() noexcept {
  g_recorder.interner.retire_all_codes();
  g_recorder.count(Counter::kReinstalls);
  const uint64_t time = now();
  write_interpreter(g_recorder.records, time);
  g_recorder.install = InstallRecord{time, g_recorder.phases.root_seen(), g_recorder.options.domains};
  g_recorder.records.write(g_recorder.install);
}

DomainMask recorded_domains() noexcept {
  return g_recorder.options.domains;
}

bool has_native_frames(Domain domain) noexcept {
  return (g_recorder.native_domains & bit_of(domain)) != 0;
}

bool has_python_stacks() noexcept {
  return g_recorder.python_stacks;
}

bool python_runs() noexcept {
  return g_python.embedded ? is_initialized() : g_recorder.phases.root_seen();
}

void allow_shared_times(bool allowed) noexcept {
  g_recorder.event_clock.allow_sharing(allowed);
}

}  // namespace cistern::preload
