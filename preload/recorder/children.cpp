#include "preload/recorder/children.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstring>

#include "preload/arch/arch.h"
#include "preload/base/clock.h"
#include "preload/base/memory.h"
#include "preload/base/proc.h"
#include "preload/base/recording_switch.h"
#include "preload/base/spin_lock.h"
#include "preload/base/thread_context.h"
#include "preload/recorder/child_environment.h"
#include "preload/recorder/image_files.h"
#include "preload/recorder/recorder.h"

namespace cistern::preload {
namespace {

enum class NoteState : uint32_t { kFree = 0, kChanging = 1, kReady = 2 };

// Written by a child, read by its parent.
struct Note {
  std::atomic<NoteState> state;
  uint32_t pid;
  uint64_t time;
  ProcessAct act;
  uint32_t preloads;
  uint32_t error;
  uint32_t path_bytes;
  uint32_t command_bytes;
  char path[112];
  char command[112];
};

constexpr size_t kNotes = 63;
constexpr std::string_view kExecutes = "> ";  // in the list of programs

struct Notes {
  std::atomic<uint32_t> ready;    // a hint: notes that were added since the parent looked
  std::atomic<uint32_t> unnoted;  // there was no free note
  Note notes[kNotes];
};
static_assert(std::atomic<NoteState>::is_always_lock_free && std::atomic<uint32_t>::is_always_lock_free);

// A forked child inherits the mapping of its parent until it has an image of its own.
constinit std::atomic<Notes*> g_notes{nullptr};

uint32_t copy_end(char* to, size_t size, std::string_view text) noexcept {
  if (text.size() > size) text.remove_prefix(text.size() - size);
  text.copy(to, text.size());
  return static_cast<uint32_t>(text.size());
}

uint32_t copy_arguments(char* to, size_t size, char* const* arguments) noexcept {
  size_t used = 0;
  for (; arguments != nullptr && *arguments != nullptr && used < size; ++arguments) {
    if (used != 0) to[used++] = ' ';
    used += std::string_view(*arguments).copy(to + used, size - used);
  }
  return static_cast<uint32_t>(used);
}

bool claim(Note& note, NoteState from) noexcept {
  return note.state.compare_exchange_strong(from, NoteState::kChanging, std::memory_order_acq_rel);
}

// The note of this process that its parent has not read, claimed; else a free one, claimed; else nullptr.
Note* claim_note(Notes& notes, uint32_t pid) noexcept {
  for (Note& note : notes.notes) {
    if (note.state.load(std::memory_order_acquire) != NoteState::kReady || note.pid != pid) continue;
    if (claim(note, NoteState::kReady)) return &note;
  }
  for (Note& note : notes.notes) {
    if (claim(note, NoteState::kFree)) return &note;
  }
  return nullptr;
}

void add_note(ProcessAct act, uint32_t error, const char* path, char* const* arguments, bool preloads) noexcept {
  Notes* const notes = g_notes.load(std::memory_order_acquire);
  if (notes == nullptr) return;
  const uint32_t pid = process_id();
  Note* const note = claim_note(*notes, pid);
  if (note == nullptr) {
    notes->unnoted.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  note->pid = pid;
  note->time = now();
  note->act = act;
  note->error = error;
  note->preloads = preloads ? 1 : 0;
  note->path_bytes = copy_end(note->path, sizeof note->path, path == nullptr ? "" : path);
  note->command_bytes = copy_arguments(note->command, sizeof note->command, arguments);
  note->state.store(NoteState::kReady, std::memory_order_release);
  notes->ready.fetch_add(1, std::memory_order_release);
  // A child of vfork() uses the state of its parent's thread, which waits: the parent polls at its next event.
  if (ThreadState* const thread = t_context.state; thread != nullptr) thread->until_poll = 1;
}

ProcessRecord record_of(const Note& note) noexcept {
  ProcessRecord record;
  record.time = note.time;
  record.pid = note.pid;
  record.act = note.act;
  record.preloads = note.preloads != 0;
  record.error = note.error;
  record.path = {note.path, std::min<size_t>(note.path_bytes, sizeof note.path)};
  record.command = {note.command, std::min<size_t>(note.command_bytes, sizeof note.command)};
  return record;
}

// Whether this is a forked child that has not decided yet.
bool is_new_child() noexcept {
  return (g_recording_switch.mask.load(std::memory_order_relaxed) & kDecided) == 0;
}

// Whether this process runs in the memory of the recorded process, but is another one: a forked child that has no image
// yet, or a child of vfork().
bool is_child_without_image() noexcept {
  return g_recorder.state.load(std::memory_order_acquire) == RecorderState::kRecording &&
         (is_new_child() || process_id() != g_recorder.segments.pid);
}

void write_exec(uint32_t pid, const char* path, char* const* arguments, bool preloads) noexcept {
  char command[112];
  ProcessRecord record;
  record.time = now();
  record.pid = pid;
  record.act = ProcessAct::kExec;
  record.preloads = preloads;
  record.path = cut_text(path == nullptr ? "" : path);
  record.command = {command, copy_arguments(command, sizeof command, arguments)};
  g_recorder.records.write(record);
}

// --- the list of programs ---

void list_path(const PathText& first_profile, PathText& path) noexcept {
  images_directory(first_profile, path);
  path.add("/").add(kProgramsFile);
}

// Too large for the stack of a small thread.
struct ListPaths {
  SpinLock lock;
  bool in_run = false;
  PathText first_profile;
  PathText path;
};
constinit ListPaths g_list;

// The directory is not made for the list: where it is gone, no recorded image is alive.
void append_to_list(const PathText& first_profile, std::string_view line) noexcept {
  PathText& path = g_list.path;
  list_path(first_profile, path);
  constexpr int kFlags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
  const auto name = reinterpret_cast<long>(path.c_str());
  long fd = raw_syscall(SYS_openat, AT_FDCWD, name, kFlags);
  if (fd == -ENOENT) {
    fd = raw_syscall(SYS_openat, AT_FDCWD, name, kFlags | O_CREAT | O_EXCL, 0600);
    if (!is_error(fd)) raw_syscall(SYS_fchmod, fd, mode_of_shared_files(first_profile));
    if (fd == -EEXIST) fd = raw_syscall(SYS_openat, AT_FDCWD, name, kFlags);
  }
  if (is_error(fd)) return;
  // Another user may have put a link there.
  const FileStatus status = status_of(static_cast<int>(fd));
  if (S_ISREG(status.mode) && status.links == 1) {
    raw_syscall(SYS_write, fd, reinterpret_cast<long>(line.data()), static_cast<long>(line.size()));
  }
  raw_syscall(SYS_close, fd);
}

// Adds "PID START ‹mark›‹name›" to the list of the run that this program belongs to.
void list_program(std::string_view mark, std::string_view name) noexcept {
  const ReentrancyGuard guard;
  constexpr int kTurns = 10'000;  // a child of vfork() that was killed may have left the lock
  const Locked locked(g_list.lock, kTurns);
  if (!locked || !g_list.in_run) return;
  Text<256> line;
  line.add(uint64_t{process_id()}).add(" ").add(process_start_ticks()).add(" ").add(mark);
  if (name.size() > 160) name.remove_prefix(name.size() - 160);
  for (const char& c : name) line.add(static_cast<unsigned char>(c) < ' ' ? "?" : std::string_view(&c, 1));
  line.add("\n");
  append_to_list(g_list.first_profile, line.view());
}

void write_listed_program(std::string_view line) noexcept {
  ProcessRecord record;
  record.time = now();
  record.act = ProcessAct::kWithoutPython;
  record.pid = static_cast<uint32_t>(take_number(line));
  if (!line.starts_with(' ')) return;
  line.remove_prefix(1);
  take_number(line);
  if (!line.starts_with(' ')) return;
  line.remove_prefix(1);
  if (line.starts_with(kExecutes)) {
    record.act = ProcessAct::kExec;
    record.path = line.substr(kExecutes.size());
  } else {
    record.command = line;
  }
  g_recorder.records.write(record);
}

}  // namespace

void begin_children() noexcept {
  constexpr size_t kBytes = (sizeof(Notes) + kPageBytes - 1) & ~size_t{kPageBytes - 1};
  if (Notes* const old = g_notes.load(std::memory_order_relaxed)) {
    g_notes.store(nullptr, std::memory_order_relaxed);
    raw_syscall(SYS_munmap, reinterpret_cast<long>(old), kBytes);
    count_own_bytes(-static_cast<int64_t>(kBytes));
  }
  const long made =
      raw_syscall(SYS_mmap, 0, static_cast<long>(kBytes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (is_error(made)) {
    g_recorder.count(Counter::kUnnotedChildren);
    return;
  }
  count_own_bytes(static_cast<int64_t>(kBytes));
  g_notes.store(reinterpret_cast<Notes*>(made), std::memory_order_release);
}

bool children_noted() noexcept {
  const Notes* const notes = g_notes.load(std::memory_order_relaxed);
  return notes != nullptr && notes->ready.load(std::memory_order_relaxed) != 0;
}

void write_children() noexcept {
  Notes* const notes = g_notes.load(std::memory_order_acquire);
  if (notes == nullptr || notes->ready.exchange(0, std::memory_order_acquire) == 0) return;
  for (Note& note : notes->notes) {
    if (note.state.load(std::memory_order_relaxed) != NoteState::kReady || !claim(note, NoteState::kReady)) continue;
    g_recorder.records.write(record_of(note));
    note.state.store(NoteState::kFree, std::memory_order_release);
  }
  const uint32_t unnoted = notes->unnoted.exchange(0, std::memory_order_relaxed);
  if (unnoted != 0) g_recorder.counter(Counter::kUnnotedChildren).fetch_add(unnoted, std::memory_order_relaxed);
}

void note_exec(const char* path, char* const* arguments, char* const* environment) noexcept {
  const bool preloads = preloads_recorder(environment);
  if (is_child_without_image()) return add_note(ProcessAct::kExec, 0, path, arguments, preloads);
  const bool waits = g_recorder.state.load(std::memory_order_acquire) == RecorderState::kWaiting;
  if (waits && !preloads && path != nullptr) return list_program(kExecutes, path);
  if (!may_write_records()) return;
  const ReentrancyGuard guard;
  write_children();
  write_exec(process_id(), path, arguments, preloads);
}

void note_failed_exec() noexcept {
  if (is_child_without_image()) return add_note(ProcessAct::kExecFailed, 0, nullptr, nullptr, false);
  if (!may_write_records()) return;
  const ReentrancyGuard guard;
  ProcessRecord record;
  record.time = now();
  record.pid = process_id();
  record.act = ProcessAct::kExecFailed;
  g_recorder.records.write(record);
}

void note_spawn(uint32_t pid, const char* path, char* const* arguments, char* const* environment) noexcept {
  if (!may_write_records()) return;
  const ReentrancyGuard guard;
  write_exec(pid, path, arguments, preloads_recorder(environment));
}

void note_end_without_image() noexcept {
  if (is_new_child() && is_child_without_image()) add_note(ProcessAct::kNoEvent, 0, nullptr, nullptr, false);
}

void note_failed_image(int error) noexcept {
  add_note(ProcessAct::kNotRecorded, static_cast<uint32_t>(error), nullptr, nullptr, false);
}

void list_waiting_program() noexcept {
  const Session session = read_session(inherited_session());
  g_list.in_run = session.found;
  g_list.first_profile.clear();
  g_list.first_profile.add(session.first_profile);  // the program may clear its environment
  list_program({}, base_name(executed_name()));
}

void take_over_list_of_programs() noexcept {
  static char lines[32 * 1024];  // a longer list stays
  PathText& path = g_list.path;
  if (!only_files_of(g_recorder.first_profile, g_recorder.header.image, kProgramsFile)) return;
  list_path(g_recorder.first_profile, path);
  std::string_view text = read_file(path.c_str(), lines, sizeof lines);
  if (text.empty() || text.size() == sizeof lines) return;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    write_listed_program(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  raw_syscall(SYS_unlinkat, AT_FDCWD, reinterpret_cast<long>(path.c_str()), 0);
}

}  // namespace cistern::preload
