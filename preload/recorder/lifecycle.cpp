#include "preload/recorder/lifecycle.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "cistern/format/checksum.h"
#include "preload/base/clock.h"
#include "preload/base/elf.h"
#include "preload/base/recording_switch.h"
#include "preload/base/message.h"
#include "preload/base/proc.h"
#include "preload/base/real.h"
#include "preload/cpython/asyncio_module.h"
#include "preload/recorder/child_environment.h"
#include "preload/recorder/facts.h"
#include "preload/recorder/image_files.h"
#include "preload/recorder/native_frames.h"
#include "preload/recorder/hook_callbacks.h"
#include "preload/recorder/recorder.h"
#include "preload/recorder/epoch.h"
#include "preload/recorder/threads.h"

namespace cistern::preload {
namespace {

constexpr uint64_t kMaxTableBytes = uint64_t{256} << 20;  // half of it can be resident

void keep_off(std::string_view what = {}, std::string_view where = {}) noexcept {
  g_recorder.state.store(RecorderState::kOff, std::memory_order_release);
  close_gate();
  if (!what.empty()) say_once(what, where);
}

bool read_options() noexcept {
  const char* const text = getenv(kOptionsVariable);
  if (text == nullptr) return true;
  // A copy: the program may change its environment.
  g_recorder.options_text.add(text);
  const auto error = parse_options(g_recorder.options_text.view(), g_recorder.options);
  if (!error) return true;
  Text<512> what;
  what.add("not recording: CISTERN_OPTIONS: ").add(error->pair).add(": expected ").add(error->expected);
  keep_off(what.view());
  return false;
}

void identify(uint32_t number) noexcept {
  ProfileHeader& header = g_recorder.header;
  header.image.pid = process_id();
  header.image.start_ticks = process_start_ticks();
  header.image.start_unix_ns = read_clock(CLOCK_REALTIME);
  header.image.number = number;
}

void fill_header() noexcept {
  ProfileHeader& header = g_recorder.header;
  std::memcpy(header.magic, kProfileMagic, sizeof header.magic);
  header.major = kFormatMajor;
  header.minor = kFormatMinor;
  header.machine = kElfMachine;
  header.header_bytes = kProfileHeaderBytes;
  header.clock = g_clock.kind;
  header.time_shift = static_cast<uint16_t>(g_clock.shift);
  header.clock_hz = g_clock.hz;
  header.first_time = now();
  header.domains = g_recorder.options.domains;
}

const ProfileHeader& header_as(FileRole role) noexcept {
  g_recorder.header.role = role;
  g_recorder.header.checksum = checksum_of(g_recorder.header);
  return g_recorder.header;
}

// Makes the profile of the first image. Another Python that the same `cistern run` started may have taken the name:
// then this image's profile goes beside it.
int create_first_profile() noexcept {
  Recorder& recorder = g_recorder;
  const int error =
      recorder.segments.output.create(recorder.first_profile, header_as(FileRole::kProfile), recorder.options.force);
  if (error == 0 && recorder.options.force) remove_old_images(recorder.first_profile);
  if (error == EEXIST && getenv(kRunVariable) != nullptr) recorder.is_first_image = false;
  return error;
}

// Makes the profile of an image below the first: the number tells images of one process apart, made by exec.
int create_further_profile() noexcept {
  Recorder& recorder = g_recorder;
  if (const int error = make_images_directory(recorder.first_profile, recorder.images_directory); error != 0)
    return error;
  for (;; ++recorder.header.image.number) {
    PathText path;
    image_path(recorder.first_profile, recorder.header.image, kProfileSuffix, path);
    const int error = recorder.segments.output.create(path, header_as(FileRole::kProfile), false);
    if (error != EEXIST || recorder.header.image.number > 100'000) return error;
  }
}

void discard_files() noexcept {
  Recorder& recorder = g_recorder;
  recorder.segments.output.discard();
  if (recorder.segments.window.is_open()) recorder.segments.window.unlink();
  remove_images_directory(recorder.first_profile, recorder.images_directory);
}

int create_files() noexcept {
  Recorder& recorder = g_recorder;
  int error = recorder.is_first_image ? create_first_profile() : 0;
  if (error != 0 && (recorder.is_first_image || recorder.options.follow == Follow::kNone)) return error;
  if (!recorder.is_first_image) error = create_further_profile();
  if (error != 0) return error;
  PathText window;
  image_path(recorder.first_profile, recorder.header.image, kWindowSuffix, window);
  error = make_images_directory(recorder.first_profile, recorder.images_directory);
  if (error == 0) error = recorder.segments.window.open(window, header_as(FileRole::kWindow));
  if (error != 0) discard_files();
  return error;
}

std::string_view reason_of(int error) noexcept {
  switch (error) {
    case EEXIST:
      return "not recording: the profile exists (option force overwrites it):";
    case ENOSPC:
    case EDQUOT:
      return "not recording: no space left for";
    case EACCES:
    case EPERM:
    case EROFS:
      return "not recording: no permission to write";
    case ENOENT:
    case ENOTDIR:
      return "not recording: no such directory for";
    case EFBIG:
      return "not recording: the limit on file sizes is too low for";
    case ENAMETOOLONG:
      return "not recording: too long a path:";
    case EMFILE:
    case ENFILE:
      return "not recording: no file descriptor is free for";
    case EINVAL:
      return "not recording: not a regular file:";
    default:
      return "not recording: cannot write";
  }
}

// Says why there is no profile, but not for images below the first: they may be many, and the output of each may be
// looked at by the one above.
void keep_image_off(int error) noexcept {
  if (!g_recorder.is_first_image) return keep_off();
  keep_off(reason_of(error), g_recorder.first_profile.view());
}

// Opens the files and writes what is known at the beginning. Returns false, having said why, when there is no profile.
bool begin_image() noexcept {
  Recorder& recorder = g_recorder;
  fill_header();
  raw_syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
  if (const int error = create_files(); error != 0) {
    keep_image_off(error);
    return false;
  }
  recorder.segments.pid = recorder.header.image.pid;
  recorder.segments.generation = recorder.header.generation;
  const bool overwrite = recorder.options.ring == RingMode::kOverwrite;
  recorder.segments.output.attach(recorder.segments.window.control(), max_size_of(recorder.options), overwrite);
  recorder.stamps.begin(recorder.segments.window.control().beat);
  const bool codes_watched = (recorder.options.domains & bit_of(Domain::kObj)) != 0;
  recorder.interner.begin(recorder.records, kMaxTableBytes, codes_watched);
  if (!recorder.records.begin(recorder.segments, now())) {
    discard_files();
    keep_image_off(ENOSPC);
    return false;
  }
  if (overwrite) begin_epochs();
  write_clock_pair(recorder.records);
  write_image_facts(recorder.records, recorder.options_text.view());
  recorder.forked ? write_known_modules(recorder.records) : update_modules(recorder.records);
  write_memory(recorder.records);
  recorder.phases.begin(recorder.records, now());
  announce_image(getenv(kRunVariable), recorder.header.image, recorder.segments.output.path());
  return true;
}

// Under `cistern run` the terminal is the program's until it has ended.
void tell_why_off(const char* what_is_left) noexcept {
  g_recorder.count(Counter::kPythonOff);
  if (getenv(kRunVariable) != nullptr) return;
  Text<256> what;
  what.add(what_is_left).add(g_python.implementation).add(" ");
  what.add(uint64_t{g_python.major}).add(".").add(uint64_t{g_python.minor}).add(": ").add(g_python.reason);
  say_once(what.view());
}

// Puts hooks on the interpreter and says so in the profile: late, if its code may have run before.
void take_interpreter() noexcept {
  Recorder& recorder = g_recorder;
  learn_evaluation_function();
  find_asyncio(g_python, g_recorder.interner.asyncio_seen());
  const bool late = g_python.functions.is_initialized != nullptr && g_python.functions.is_initialized() != 0;
  recorder.python_stacks = false;
  if (hookable(g_python)) {
    const bool paused = recorder.paused.load(std::memory_order_relaxed);
    paused ? learn_python_allocators() : install_python_hooks(recorder.options.domains);
    recorder.python_stacks = g_python.stacks == PythonStacks::kOn;
  }
  const uint64_t time = now();
  write_interpreter(recorder.records, time);
  recorder.install = InstallRecord{time, late, recorder.options.domains};
  recorder.records.write(recorder.install);
  if (recorder.python_stacks || !g_python.found) return;
  tell_why_off("recording native allocations only, ");
}

// What is started from here finds in its environment whose child it is, or nothing of ours.
void tell_children() noexcept {
  if (g_recorder.options.follow == Follow::kNone) return withdraw_from_environment();
  export_session(g_recorder.header.image, g_recorder.header.generation, g_recorder.first_profile);
}

// The gate before the state: who sees the state also sees that the gate has not been wiped. Pairs with wake().
void begin_events() noexcept {
  const bool paused = g_recorder.paused.load(std::memory_order_relaxed);
  if (paused) g_recorder.phases.enter(Phase::kStopped, now());
  paused ? close_gate() : open_gate();
  g_recorder.state.store(RecorderState::kRecording, std::memory_order_release);
}

bool gate_wiped() noexcept {
  return (g_gate.mask.load(std::memory_order_relaxed) & kAwake) == 0;
}

void begin_recording() noexcept {
  Recorder& recorder = g_recorder;
  choose_clock();
  const Session session = read_session(getenv(kSessionVariable));
  if (session.found && recorder.options.follow == Follow::kNone) return keep_off();
  identify(1);
  recorder.is_first_image = !session.found;
  if (session.found) {
    recorder.header.parent = session.parent;
    recorder.header.generation = session.generation + 1;
    recorder.first_profile = session.first_profile;
    const bool same_process = session.parent.pid == recorder.header.image.pid &&
                              session.parent.start_ticks == recorder.header.image.start_ticks;
    if (same_process) recorder.header.image.number = session.parent.number + 1;
  } else {
    expand_output(recorder.options.output, recorder.header.image, recorder.first_profile);
  }
  recorder.paused.store(!recorder.options.start, std::memory_order_relaxed);
  recorder.libc_whole_in.store(recorder.header.image.pid, std::memory_order_relaxed);
  if (!begin_image()) {
    if (recorder.options.follow == Follow::kNone) withdraw_from_environment();
    return;
  }
  recorder.folder = folder_of(recorder.first_profile);
  tell_children();
  begin_native_frames();
  take_interpreter();
  begin_events();
}

// In a forked child: everything of the parent's is forgotten, and no lock is held. Libc's own may be, where the child
// did not come from its fork().
void abandon_parent() noexcept {
  Recorder& recorder = g_recorder;
  recorder.stamps.abandon();
  recorder.segments.window.abandon();
  recorder.segments.output.abandon();
  recorder.segments.failure.store(0, std::memory_order_relaxed);
  recorder.records.abandon();
  recorder.interner.abandon();
  recorder.collector.reset();
  recorder.finalized.store(false, std::memory_order_relaxed);
  abandon_renewal();
  abandon_modules();
  abandon_native_frames();
  abandon_threads();
  abandon_hooks();
  // The stack that started this thread has no number in the child's profile.
  t_gate.started_at = t_gate.started_by = 0;
}

// At a forked child's first event: an image of its own begins.
void begin_child() noexcept {
  Recorder& recorder = g_recorder;
  abandon_parent();
  recorder.header.parent = recorder.header.image;
  ++recorder.header.generation;
  // After a chroot the path may lead to another place, which is none of ours.
  if (recorder.options.follow == Follow::kNone || folder_of(recorder.first_profile) != recorder.folder)
    return keep_off();
  recorder.is_first_image = false;
  recorder.forked = true;
  identify(1);
  if (!begin_image()) return;
  tell_children();
  write_interpreter(recorder.records, now());
  begin_events();
}

// Whether this is a child that was forked while another thread of its parent was starting to record.
bool starter_is_gone() noexcept {
  return g_gate.home.load(std::memory_order_relaxed) == 0 &&
         g_recorder.starting_pid.load(std::memory_order_relaxed) != process_id();
}

bool take_state(RecorderState from) noexcept {
  // Before the state: who sees that somebody is starting also sees in which process. Pairs with starter_is_gone().
  g_recorder.starting_pid.store(process_id(), std::memory_order_relaxed);
  return g_recorder.state.compare_exchange_strong(from, RecorderState::kStarting, std::memory_order_acq_rel);
}

// Python may have come with a dlopen; not while the loader still works at it.
void look_for_python(const void* caller) noexcept {
  if (!modules_changed() || in_loader(caller) || !take_state(RecorderState::kWaiting)) return;
  if (find_interpreter()) {
    begin_recording();
  } else {
    forget_loader_calls();
    g_recorder.state.store(RecorderState::kWaiting, std::memory_order_release);
  }
}

// A signal handler that interrupted the recorder must not wait for what its own thread holds.
bool may_write_records() noexcept {
  const ThreadState* const thread = t_gate.state;
  return in_recorded_process() && t_gate.depth == 0 && t_gate.locks == 0 &&
         (thread == nullptr || thread->busy.load(std::memory_order_relaxed) == 0);
}

}  // namespace

void start_process() noexcept {
  if (!take_state(RecorderState::kUnstarted)) return;
  const Nested nested;
  remember_stderr();
  resolve_real_functions();
  if (!read_options()) return;
  if (!arm_gate())
    return keep_off("not recording: this kernel cannot tell a forked child (MADV_WIPEONFORK, Linux 4.14)");
  if (!find_interpreter() && g_recorder.options.follow != Follow::kAll) {
    g_recorder.state.store(RecorderState::kWaiting, std::memory_order_release);
    return;
  }
  begin_recording();
}

bool wake(Domain domain, const void* caller) noexcept {
  const Nested nested;
  switch (g_recorder.state.load(std::memory_order_acquire)) {
    case RecorderState::kUnstarted:
      start_process();
      break;
    case RecorderState::kStarting:
      if (!starter_is_gone()) return false;
      abandon_parent();
      keep_off();
      return false;
    case RecorderState::kWaiting:
      look_for_python(caller);
      break;
    case RecorderState::kRecording:
      // A thread that found the gate closed just before recording began is in no forked child.
      if (gate_wiped() && take_state(RecorderState::kRecording)) begin_child();
      break;
    case RecorderState::kOff:
      close_gate();
      return false;
  }
  return (g_gate.mask.load(std::memory_order_relaxed) & bit_of(domain)) != 0;
}

// The hooks stay: blocks of all domains are recorded, from now on without Python's frames.
void switch_stacks_off(const char* reason) noexcept {
  g_recorder.python_stacks = false;
  g_python.stacks = PythonStacks::kContradiction;
  g_python.reason = reason;
  write_interpreter(g_recorder.records, now());
  tell_why_off("recording no Python stacks, ");
}

void hooks_reinstalled() noexcept {
  g_recorder.interner.retire_all_codes();
  g_recorder.count(Counter::kReinstalls);
  const uint64_t time = now();
  write_interpreter(g_recorder.records, time);
  g_recorder.install = InstallRecord{time, g_recorder.phases.root_seen(), g_recorder.options.domains};
  g_recorder.records.write(g_recorder.install);
}

void look_for_later_python(const void* caller) noexcept {
  // The process that one of whose threads looks; its forked child's threads do not wait for that one.
  static std::atomic<uint32_t> looking{0};
  if (!modules_changed() || in_loader(caller)) return;
  const uint32_t self = process_id();
  if (looking.exchange(self, std::memory_order_acquire) == self) return;
  const Nested nested;
  update_modules(g_recorder.records);
  if (find_interpreter()) take_interpreter();
  looking.store(0, std::memory_order_release);
}

void look_at_modules() noexcept {
  if (modules_changed()) update_modules(g_recorder.records);
  find_asyncio(g_python, g_recorder.interner.asyncio_seen());
}

void look_for_asyncio(const void* caller) noexcept {
  if (in_loader(caller) || !(modules_changed() || g_recorder.interner.asyncio_newly_seen())) return;
  const Nested nested;
  look_at_modules();
}

// While it is not initialized there are no Python stacks, and its functions may be gone before the loader returns.
void library_closes() noexcept {
  if (in_recorded_process() && g_python.found && !is_initialized()) g_recorder.python_stacks = false;
}

void library_closed() noexcept {
  std::atomic_ref<unsigned char>(cistern_loader_called).store(1, std::memory_order_relaxed);
  if (!in_recorded_process()) return;
  const Nested nested;
  forget_unloaded_code();
  if (!g_python.found) return;
  if (is_loaded(g_python)) {
    g_recorder.python_stacks = g_python.stacks == PythonStacks::kOn;
    return;
  }
  g_recorder.python_stacks = false;
  for (ThreadState* state = g_recorder.threads.load(std::memory_order_acquire); state != nullptr; state = state->next) {
    state->holder_variable.store(nullptr, std::memory_order_relaxed);
    state->holder_asked.store(false, std::memory_order_relaxed);
  }
  g_python = Interpreter{};
  learn_evaluation_function();
  forget_python_hooks();
  g_recorder.interner.retire_all_codes();
  g_recorder.phases.forget_root();
  g_recorder.collector.reset();
  g_recorder.layout_check.reset();
}

void exec_begins() noexcept {
  if (!may_write_records()) return;
  const Nested nested;
  write_losses(g_recorder);
  g_recorder.records.write(EndRecord{now(), EndKind::kExec, -1});
}

void exec_failed() noexcept {
  if (!may_write_records()) return;
  const Nested nested;
  g_recorder.records.write(EndRecord{now(), EndKind::kNone, -1});
}

// What the loader has brought is looked at now: in the child its lock may be held by a thread that is not there.
void fork_begins(const void* caller) noexcept {
  const Nested nested;
  if (g_recorder.state.load(std::memory_order_acquire) == RecorderState::kWaiting) look_for_python(caller);
}

void forked(bool whole) noexcept {
  if (g_recorder.state.load(std::memory_order_relaxed) == RecorderState::kWaiting) forget_loader_calls();
  if (whole) g_recorder.libc_whole_in.store(process_id(), std::memory_order_relaxed);
  // Its image has not begun: this thread's state is its parent's.
  if (gate_wiped()) t_gate.state = nullptr;
}

void child_forked(pid_t child) noexcept {
  if (child <= 0 || !may_write_records()) return;
  const Nested nested;
  g_recorder.records.write(ChildRecord{now(), static_cast<uint32_t>(child)});
}

}  // namespace cistern::preload
