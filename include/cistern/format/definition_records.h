// Records that define ids: strings, code objects, stack nodes, modules, threads. A definition is written before the
// first event that uses its id, and a parent before its children. Also here: records that end a definition (a freed
// code object, an unloaded module, an ended thread), and the symbols of native addresses, which are added afterwards.
#pragma once

#include <cstdint>
#include <string_view>

#include "cistern/format/ids.h"
#include "cistern/format/record.h"

namespace cistern {

// A name or a path. UTF-8 where the program's own text was UTF-8.
struct StringRecord {
  static constexpr RecordType kType = RecordType::kString;
  static constexpr std::string_view kName = "string";
  StringId id{};
  std::string_view text;
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("id", r.id);
    visit("text", r.text);
  }
};

// The encoding of a line table; see FORMAT.md, "Line tables".
enum class LineTableKind : uint32_t {
  kNone = 0,
  kLnotab = 1,     // CPython 3.8, 3.9: co_lnotab
  kLineTable = 2,  // CPython 3.10: co_linetable
  kLocations = 3,  // CPython 3.11 and later: co_linetable with columns
};

// A Python code object. Its line table follows in LineTableRecords of `table_bytes` bytes together.
struct CodeRecord {
  static constexpr RecordType kType = RecordType::kCode;
  static constexpr std::string_view kName = "code";
  CodeId id{};
  StringId file{};
  StringId name{};  // the qualified name (CPython 3.11 and later), else the plain name
  int64_t first_line = 0;
  LineTableKind table_kind = LineTableKind::kNone;
  uint64_t table_bytes = 0;
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("id", r.id);
    visit("file", r.file);
    visit("name", r.name);
    visit("first_line", r.first_line);
    visit("table_kind", r.table_kind);
    visit("table_bytes", r.table_bytes);
  }
};

// A piece of a code object's line table. Pieces follow their CodeRecord, in order.
struct LineTableRecord {
  static constexpr RecordType kType = RecordType::kLineTable;
  static constexpr std::string_view kName = "line table";
  CodeId code{};
  uint64_t offset = 0;  // of this piece in the table
  std::string_view bytes;
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("code", r.code);
    visit("offset", r.offset);
    visit.bytes("bytes", r.bytes);
  }
};

enum class NodeKind : uint32_t {
  kPython = 1,     // a: CodeId, b: byte offset of the instruction in its code
  kNative = 2,     // a: ModuleId, b: an address in the calling instruction, minus the module's base
  kBoundary = 3,   // a thread begins here: the parent is the stack that started it
  kTruncated = 4,  // the rest of the stack was not recorded; a: TruncationReason
  kUnknown = 5,    // the stack could not be read
  kNativeRun = 6,  // a: StackId of a chain of native frames that the parent called
  kAwaiting = 7,   // a, b: as kPython, of a coroutine that waits for the task of its child; a = 0: several do
};

enum class TruncationReason : uint32_t { kDepth = 1, kStackTableFull = 2 };

// A node of the stack tree: a frame, and the node of its caller. A native run is a chain of native frames that is
// defined once and used above many Python stacks.
struct StackNodeRecord {
  static constexpr RecordType kType = RecordType::kStackNode;
  static constexpr std::string_view kName = "stack node";
  StackId id{};
  StackId parent{};  // the caller's node; 0: this is the outermost frame
  NodeKind kind = NodeKind::kUnknown;
  uint32_t a = 0;
  int64_t b = 0;
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("id", r.id);
    visit("parent", r.parent);
    visit("kind", r.kind);
    visit("a", r.a);
    visit("b", r.b);
  }
};

// A loaded ELF module. Addresses [start, start + size) belong to it until its ModuleEndRecord.
struct ModuleRecord {
  static constexpr RecordType kType = RecordType::kModule;
  static constexpr std::string_view kName = "module";
  ModuleId id{};
  uint64_t time = 0;
  uint64_t base = 0;   // load bias: added to the file's virtual addresses
  uint64_t start = 0;  // lowest mapped address
  uint64_t size = 0;   // bytes from start to the highest mapped address
  std::string_view path;
  std::string_view build_id;  // raw bytes; empty if the module has none
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("id", r.id);
    visit("time", r.time);
    visit("base", r.base);
    visit("start", r.start);
    visit("size", r.size);
    visit("path", r.path);
    visit.bytes("build_id", r.build_id);
  }
};

struct ModuleEndRecord {
  static constexpr RecordType kType = RecordType::kModuleEnd;
  static constexpr std::string_view kName = "module end";
  ModuleId id{};
  uint64_t time = 0;
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("id", r.id);
    visit("time", r.time);
  }
};

// The first event of a thread. `started_at` is the stack of the call of pthread_create; 0: not seen.
struct ThreadRecord {
  static constexpr RecordType kType = RecordType::kThread;
  static constexpr std::string_view kName = "thread";
  StreamId stream_id{};
  uint64_t time = 0;
  uint32_t tid = 0;
  bool main = false;
  StreamId started_by{};
  StackId started_at{};
  std::string_view name;
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("stream", r.stream_id);
    visit("time", r.time);
    visit("tid", r.tid);
    visit("main", r.main);
    visit("started_by", r.started_by);
    visit("started_at", r.started_at);
    visit("name", r.name);
  }
};

struct ThreadNameRecord {
  static constexpr RecordType kType = RecordType::kThreadName;
  static constexpr std::string_view kName = "thread name";
  StreamId stream_id{};
  uint64_t time = 0;
  std::string_view name;
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("stream", r.stream_id);
    visit("time", r.time);
    visit("name", r.name);
  }
};

struct ThreadEndRecord {
  static constexpr RecordType kType = RecordType::kThreadEnd;
  static constexpr std::string_view kName = "thread end";
  StreamId stream_id{};
  uint64_t time = 0;
  bool seen = false;  // false: the thread was found dead at `time`
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("stream", r.stream_id);
    visit("time", r.time);
    visit("seen", r.seen);
  }
};

// A code object was freed. Stacks that are captured later do not use its id.
struct RetiredRecord {
  static constexpr RecordType kType = RecordType::kRetired;
  static constexpr std::string_view kName = "retired";
  uint64_t time = 0;
  CodeId code{};
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("time", r.time);
    visit("code", r.code);
  }
};

// Symbols are added after the recording, by another process. They lie in record segments of this stream. Later runs add
// more segments to it.
constexpr uint32_t kSymbolStream = UINT32_MAX - 1;  // no thread has this number

enum class SymbolSource : uint32_t {
  kNone = 0,         // the module's file was read and has no name for the address
  kSymbolTable = 1,  // of the ELF file
  kDebugInfo = 2,    // DWARF
};

// The function at a native address. Functions that are inlined into each other have one record each, level by level.
struct SymbolRecord {
  static constexpr RecordType kType = RecordType::kSymbol;
  static constexpr std::string_view kName = "symbol";
  ModuleId module{};
  uint64_t address = 0;  // as in the stack nodes
  uint32_t level = 0;    // 0: the innermost function; n: the function that level n - 1 is inlined into
  SymbolSource source = SymbolSource::kNone;
  uint32_t line = 0;          // 0: unknown
  std::string_view function;  // demangled; empty: unknown
  std::string_view file;      // empty: unknown
  template <typename Record, typename Visitor>
  static constexpr void for_each_field(Record& r, Visitor&& visit) {
    visit("module", r.module);
    visit("address", r.address);
    visit("level", r.level);
    visit("source", r.source);
    visit("line", r.line);
    visit("function", r.function);
    visit("file", r.file);
  }
};

}  // namespace cistern
