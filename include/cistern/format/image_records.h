// Records about the process image as a whole: what ran, its interpreter, its children and its end.
#pragma once

#include <cstdint>
#include <string_view>

#include "cistern/format/cursor.h"
#include "cistern/format/record.h"

namespace cistern {

// What ran. `arguments` are /proc/self/cmdline's bytes: each argument ends with a NUL.
struct ImageRecord {
  static constexpr RecordType kType = RecordType::kImage;
  std::string_view executable;
  std::string_view directory;
  std::string_view host;
  std::string_view arguments;
  uint64_t page_bytes = 0;
  std::string_view options;  // CISTERN_OPTIONS as it was
  std::string_view libc;     // gnu_get_libc_version()
  void put(RecordBuffer& out) const noexcept {
    out.text(executable);
    out.text(directory);
    out.text(host);
    out.text(arguments);
    out.number(page_bytes);
    out.text(options);
    out.text(libc);
  }
  bool get(Cursor& in) noexcept {
    executable = in.sized_bytes();
    directory = in.sized_bytes();
    host = in.sized_bytes();
    arguments = in.sized_bytes();
    page_bytes = in.varint();
    options = in.sized_bytes();
    libc = in.sized_bytes();
    return in.ok();
  }
};

// One variable of the environment that matters to memory: PYTHON*, MALLOC_*, GLIBC_TUNABLES, LD_PRELOAD.
struct EnvironmentRecord {
  static constexpr RecordType kType = RecordType::kEnvironment;
  std::string_view name;
  std::string_view value;
  void put(RecordBuffer& out) const noexcept {
    out.text(name);
    out.text(value);
  }
  bool get(Cursor& in) noexcept {
    name = in.sized_bytes();
    value = in.sized_bytes();
    return in.ok();
  }
};

enum class PythonStacks : uint32_t {
  kOn = 1,
  kUnsupported = 2,    // an interpreter whose frames this version cannot read: native recording only
  kContradiction = 3,  // its memory does not look like its version: switched off
  kNotAsked = 4,
};

// The interpreter, as found when it was first seen. Written again when something about it changes; the last one counts.
struct InterpreterRecord {
  static constexpr RecordType kType = RecordType::kInterpreter;
  uint32_t id = 0;
  uint64_t time = 0;
  std::string_view implementation;  // "CPython", "PyPy", …
  std::string_view version;         // sys.version: "3.11.2 (main, …) [GCC 12.2.0]"
  uint64_t version_hex = 0;         // PY_VERSION_HEX
  bool shared = false;              // in a shared libpython rather than in the executable
  bool free_threaded = false;
  bool debug_layer = false;    // debug hooks around the allocators
  std::string_view allocator;  // "pymalloc", "malloc", "mimalloc", "unknown"
  uint64_t arena_bytes = 0;    // of one arena, 0 when there are none
  uint64_t pool_bytes = 0;
  PythonStacks stacks = PythonStacks::kUnsupported;
  std::string_view reason;  // why stacks are not on
  std::string_view module;  // path of the file the interpreter's symbols were found in
  void put(RecordBuffer& out) const noexcept {
    out.number(id);
    out.number(time);
    out.text(implementation);
    out.text(version);
    out.number(version_hex);
    out.number((shared ? 1 : 0) | (free_threaded ? 2 : 0) | (debug_layer ? 4 : 0));
    out.text(allocator);
    out.number(arena_bytes);
    out.number(pool_bytes);
    out.number(static_cast<uint32_t>(stacks));
    out.text(reason);
    out.text(module);
  }
  bool get(Cursor& in) noexcept {
    id = in.varint32();
    time = in.varint();
    implementation = in.sized_bytes();
    version = in.sized_bytes();
    version_hex = in.varint();
    const uint64_t flags = in.varint();
    shared = (flags & 1) != 0;
    free_threaded = (flags & 2) != 0;
    debug_layer = (flags & 4) != 0;
    allocator = in.sized_bytes();
    arena_bytes = in.varint();
    pool_bytes = in.varint();
    stacks = static_cast<PythonStacks>(in.varint32());
    reason = in.sized_bytes();
    module = in.sized_bytes();
    return in.ok();
  }
};

enum class EndKind : uint32_t {
  kUnknown = 0,
  kExit = 1,       // returned from main or called exit; `code` when known, else -1
  kQuickExit = 2,  // _exit, _Exit, quick_exit
  kSignal = 3,     // `code` is the signal; only a parent can know
  kExec = 4,       // another program took over; taken back by a later record if exec failed
  kNone = 5,       // the exec before failed: the image goes on
};

// How the image ended; the last one counts.
struct EndRecord {
  static constexpr RecordType kType = RecordType::kEnd;
  uint64_t time = 0;  // 0 when written by another process, which cannot know
  EndKind how = EndKind::kUnknown;
  int64_t code = -1;
  void put(RecordBuffer& out) const noexcept {
    out.number(time);
    out.number(static_cast<uint32_t>(how));
    out.signed_number(code);
  }
  bool get(Cursor& in) noexcept {
    time = in.varint();
    how = static_cast<EndKind>(in.varint32());
    code = in.signed_varint();
    return in.ok();
  }
};

// When CPython's allocator hooks were put in place, each time.
struct InstallRecord {
  static constexpr RecordType kType = RecordType::kInstall;
  uint64_t time = 0;
  bool late = false;  // Python code ran, or may have run, before
  uint32_t domains = 0;
  void put(RecordBuffer& out) const noexcept {
    out.number(time);
    out.number(late ? 1 : 0);
    out.number(domains);
  }
  bool get(Cursor& in) noexcept {
    time = in.varint();
    late = (in.varint() & 1) != 0;
    domains = in.varint32();
    return in.ok();
  }
};

// A child that this image forked.
struct ChildRecord {
  static constexpr RecordType kType = RecordType::kChild;
  uint64_t time = 0;
  uint32_t pid = 0;
  void put(RecordBuffer& out) const noexcept {
    out.number(time);
    out.number(pid);
  }
  bool get(Cursor& in) noexcept {
    time = in.varint();
    pid = in.varint32();
    return in.ok();
  }
};

}  // namespace cistern
