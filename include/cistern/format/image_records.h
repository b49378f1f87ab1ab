// Records of the process image as a whole: the program, its interpreter, its children and its end.
#pragma once

#include <cstdint>
#include <string_view>

#include "cistern/format/record.h"
#include "cistern/format/window_layout.h"

namespace cistern {

// The program. `arguments` are the bytes of /proc/self/cmdline: each argument ends with a zero byte.
struct ImageRecord {
  static constexpr RecordType kType = RecordType::kImage;
  static constexpr std::string_view kName = "image";
  std::string_view executable;
  std::string_view directory;
  std::string_view host;
  std::string_view arguments;
  uint64_t page_bytes = 0;
  std::string_view options;  // the value of CISTERN_OPTIONS
  std::string_view libc;     // gnu_get_libc_version()
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("executable", r.executable);
    visit("directory", r.directory);
    visit("host", r.host);
    visit("arguments", r.arguments);
    visit("page_bytes", r.page_bytes);
    visit("options", r.options);
    visit("libc", r.libc);
  }
};

// An environment variable that affects memory: PYTHON*, MALLOC_*, GLIBC_TUNABLES, LD_PRELOAD.
struct EnvironmentRecord {
  static constexpr RecordType kType = RecordType::kEnvironment;
  static constexpr std::string_view kName = "environment";
  std::string_view name;
  std::string_view value;
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("name", r.name);
    visit("value", r.value);
  }
};

enum class PythonStacks : uint32_t {
  kOn = 1,
  kUnsupported = 2,    // frames of this interpreter cannot be read: native stacks only
  kContradiction = 3,  // the interpreter's memory does not match its version: switched off
  kReserved4 = 4,      // not written
};

// The interpreter. Written when it is first seen and when something about it changes. The last record counts.
struct InterpreterRecord {
  static constexpr RecordType kType = RecordType::kInterpreter;
  static constexpr std::string_view kName = "interpreter";
  uint32_t id = 0;
  uint64_t time = 0;
  std::string_view implementation;  // "CPython", "PyPy", …
  std::string_view version;         // sys.version: "3.11.2 (main, …) [GCC 12.2.0]"
  uint64_t version_hex = 0;         // PY_VERSION_HEX
  bool shared = false;              // in a shared libpython, not in the executable
  bool free_threaded = false;
  bool debug_layer = false;    // debug hooks around the allocators
  std::string_view allocator;  // "pymalloc", "malloc", "mimalloc", "unknown"
  uint64_t arena_bytes = 0;    // of one arena; 0: no arenas
  uint64_t pool_bytes = 0;
  PythonStacks stacks = PythonStacks::kUnsupported;
  std::string_view reason;  // why stacks are not on
  std::string_view module;  // path of the file with the interpreter's symbols; empty: the executable
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("id", r.id);
    visit("time", r.time);
    visit("implementation", r.implementation);
    visit("version", r.version);
    visit("version_hex", r.version_hex);
    visit.flags("flags", r.shared, r.free_threaded, r.debug_layer);
    visit("allocator", r.allocator);
    visit("arena_bytes", r.arena_bytes);
    visit("pool_bytes", r.pool_bytes);
    visit("stacks", r.stacks);
    visit("reason", r.reason);
    visit("module", r.module);
  }
};

enum class EndKind : uint32_t {
  kUnknown = 0,
  kExit = 1,       // returned from main or called exit; `code` is -1 if it is not known
  kQuickExit = 2,  // _exit, _Exit, quick_exit
  kSignal = 3,     // `code` is the signal; only a parent process can know this
  kExec = 4,       // the process called exec; if that fails, kNone follows
  kNone = 5,       // cancels the kExec before it: the image goes on
};

// How the image ended. The last record counts.
struct EndRecord {
  static constexpr RecordType kType = RecordType::kEnd;
  static constexpr std::string_view kName = "end";
  uint64_t time = 0;  // 0: written by another process, which does not know the time
  EndKind how = EndKind::kUnknown;
  int64_t code = -1;
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("time", r.time);
    visit("how", r.how);
    visit("code", r.code);
  }
};

// Recording stopped before the image ended: what follows is missing. Whoever finalizes the window writes it there from
// StopState.
struct StopRecord {
  static constexpr RecordType kType = RecordType::kStop;
  static constexpr std::string_view kName = "stop";
  uint64_t time = 0;
  StopReason reason = StopReason::kOther;
  uint64_t error = 0;                // errno value
  uint64_t resident_bytes = 0;       // of the process at that time; 0: not known
  uint64_t end_time = 0;             // of the image; 0: not known
  uint64_t peak_resident_bytes = 0;  // greatest of the process until its end; 0: not known
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("time", r.time);
    visit("reason", r.reason);
    visit("error", r.error);
    visit("resident_bytes", r.resident_bytes);
    visit("end_time", r.end_time);
    visit("peak_resident_bytes", r.peak_resident_bytes);
  }
};

enum class ProcessAct : uint32_t {
  kExec = 1,           // executes `path`
  kExecFailed = 2,     // cancels the kExec before it
  kNoEvent = 3,        // a forked child that ended without an event, and so without an image
  kNotRecorded = 4,    // its image could not be recorded: `error`
  kWithoutPython = 5,  // a program without Python, which --follow python does not record
};

// What a process did that has no image, or whose image ends with it. With the child records, a reader knows which
// images there must be.
struct ProcessRecord {
  static constexpr RecordType kType = RecordType::kProcess;
  static constexpr std::string_view kName = "process";
  uint64_t time = 0;
  uint32_t pid = 0;
  ProcessAct act = ProcessAct::kExec;
  bool preloads = false;     // the new program's environment loads the recorder
  uint64_t error = 0;        // errno value
  std::string_view path;     // its end, if it is long
  std::string_view command;  // the arguments, with spaces between them; their beginning
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("time", r.time);
    visit("pid", r.pid);
    visit("act", r.act);
    visit("preloads", r.preloads);
    visit("error", r.error);
    visit("path", r.path);
    visit("command", r.command);
  }
};

// The record of a window's StopState.
constexpr StopRecord stop_record_of(const StopState& state) noexcept {
  return {state.time,     static_cast<StopReason>(state.reason),
          state.error,    state.resident_bytes,
          state.end_time, state.peak_resident_bytes};
}

// How an image ended whose recording had stopped. Requires end_time.
constexpr EndRecord end_record_of(const StopState& state) noexcept {
  return {state.end_time, static_cast<EndKind>(state.end_how), state.end_code};
}

// CPython's allocator hooks were installed.
struct InstallRecord {
  static constexpr RecordType kType = RecordType::kInstall;
  static constexpr std::string_view kName = "install";
  uint64_t time = 0;
  bool late = false;  // Python code ran, or may have run, before
  uint32_t domains = 0;
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("time", r.time);
    visit("late", r.late);
    visit("domains", r.domains);
  }
};

// A child that this image forked.
struct ChildRecord {
  static constexpr RecordType kType = RecordType::kChild;
  static constexpr std::string_view kName = "child";
  uint64_t time = 0;
  uint32_t pid = 0;
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("time", r.time);
    visit("pid", r.pid);
  }
};

}  // namespace cistern
