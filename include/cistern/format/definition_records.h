// Records that define an id: strings, code objects, stack nodes, modules, threads. A definition is written before the
// first event that uses its id; a parent before its children. What ends one (a freed code object, an unloaded module)
// is here too, and what native addresses are found to be, afterwards.
#pragma once

#include <cstdint>
#include <string_view>

#include "cistern/format/cursor.h"
#include "cistern/format/ids.h"
#include "cistern/format/record.h"

namespace cistern {

// A name, a path: UTF-8 where the program's own was.
struct StringRecord {
  static constexpr RecordType kType = RecordType::kString;
  StringId id{};
  std::string_view text;
  void put(RecordBuffer& out) const noexcept {
    out.number(raw(id));
    out.text(text);
  }
  bool get(Cursor& in) noexcept {
    id = StringId{in.varint32()};
    text = in.sized_bytes();
    return in.ok();
  }
};

// How a line table is to be read; see "Line tables" in DEFINITIONS.md.
enum class LineTableKind : uint32_t {
  kNone = 0,
  kLnotab = 1,     // CPython 3.8, 3.9: co_lnotab
  kLineTable = 2,  // CPython 3.10: co_linetable
  kLocations = 3,  // CPython 3.11 and later: co_linetable with columns
};

// A Python code object. Line tables follow in LineTableRecords, `table_bytes` in all.
struct CodeRecord {
  static constexpr RecordType kType = RecordType::kCode;
  CodeId id{};
  StringId file{};
  StringId name{};  // qualified name where the interpreter has one, else the plain name
  int64_t first_line = 0;
  LineTableKind table_kind = LineTableKind::kNone;
  uint64_t table_bytes = 0;
  void put(RecordBuffer& out) const noexcept {
    out.number(raw(id));
    out.number(raw(file));
    out.number(raw(name));
    out.signed_number(first_line);
    out.number(static_cast<uint32_t>(table_kind));
    out.number(table_bytes);
  }
  bool get(Cursor& in) noexcept {
    id = CodeId{in.varint32()};
    file = StringId{in.varint32()};
    name = StringId{in.varint32()};
    first_line = in.signed_varint();
    table_kind = static_cast<LineTableKind>(in.varint32());
    table_bytes = in.varint();
    return in.ok();
  }
};

// A piece of a code object's line table. Pieces come in order and behind their CodeRecord.
struct LineTableRecord {
  static constexpr RecordType kType = RecordType::kLineTable;
  CodeId code{};
  uint64_t offset = 0;  // of this piece in the table
  std::string_view bytes;
  void put(RecordBuffer& out) const noexcept {
    out.number(raw(code));
    out.number(offset);
    out.text(bytes);
  }
  bool get(Cursor& in) noexcept {
    code = CodeId{in.varint32()};
    offset = in.varint();
    bytes = in.sized_bytes();
    return in.ok();
  }
};

enum class NodeKind : uint32_t {
  kPython = 1,     // a: CodeId, b: byte offset of the instruction in its code (s())
  kNative = 2,     // a: ModuleId, b: an address in the calling instruction, less the module's base
  kBoundary = 3,   // what follows towards the root is the stack that started this thread
  kTruncated = 4,  // the stack went on, but was cut; a: TruncationReason
  kUnknown = 5,    // the stack could not be read
  kNativeRun = 6,  // a: StackId of native frames that the parent called; their chain has a root of its own
  kAwaiting = 7,   // a, b: as kPython, of a coroutine's frame that waits for what its child runs; a = 0: several do
};

enum class TruncationReason : uint32_t { kDepth = 1, kStackTableFull = 2 };

// A node of the stack tree: a frame, and the node of its caller. Of a run, the frames of a chain that ends elsewhere:
// native frames are defined once, and run above many Python stacks.
struct StackNodeRecord {
  static constexpr RecordType kType = RecordType::kStackNode;
  StackId id{};
  StackId parent{};  // towards the root; 0: this is the outermost
  NodeKind kind = NodeKind::kUnknown;
  uint32_t a = 0;
  int64_t b = 0;
  void put(RecordBuffer& out) const noexcept {
    out.number(raw(id));
    out.number(raw(parent));
    out.number(static_cast<uint32_t>(kind));
    out.number(a);
    out.signed_number(b);
  }
  bool get(Cursor& in) noexcept {
    id = StackId{in.varint32()};
    parent = StackId{in.varint32()};
    kind = static_cast<NodeKind>(in.varint32());
    a = in.varint32();
    b = in.signed_varint();
    return in.ok();
  }
};

// A loaded ELF module. Addresses [base, base + size) are its own until its ModuleEndRecord.
struct ModuleRecord {
  static constexpr RecordType kType = RecordType::kModule;
  ModuleId id{};
  uint64_t time = 0;
  uint64_t base = 0;   // load bias: what is added to the file's virtual addresses
  uint64_t start = 0;  // lowest mapped address
  uint64_t size = 0;   // bytes from start to the highest mapped address
  std::string_view path;
  std::string_view build_id;  // raw bytes, empty when it has none
  void put(RecordBuffer& out) const noexcept {
    out.number(raw(id));
    out.number(time);
    out.number(base);
    out.number(start);
    out.number(size);
    out.text(path);
    out.text(build_id);
  }
  bool get(Cursor& in) noexcept {
    id = ModuleId{in.varint32()};
    time = in.varint();
    base = in.varint();
    start = in.varint();
    size = in.varint();
    path = in.sized_bytes();
    build_id = in.sized_bytes();
    return in.ok();
  }
};

struct ModuleEndRecord {
  static constexpr RecordType kType = RecordType::kModuleEnd;
  ModuleId id{};
  uint64_t time = 0;
  void put(RecordBuffer& out) const noexcept {
    out.number(raw(id));
    out.number(time);
  }
  bool get(Cursor& in) noexcept {
    id = ModuleId{in.varint32()};
    time = in.varint();
    return in.ok();
  }
};

// A thread's first event. `started_at` is the stack of the pthread_create that made it, 0 when that was not seen.
struct ThreadRecord {
  static constexpr RecordType kType = RecordType::kThread;
  StreamId stream_id{};
  uint64_t time = 0;
  uint32_t tid = 0;
  bool main = false;
  StreamId started_by{};
  StackId started_at{};
  std::string_view name;
  void put(RecordBuffer& out) const noexcept {
    out.number(raw(stream_id));
    out.number(time);
    out.number(tid);
    out.number(main ? 1 : 0);
    out.number(raw(started_by));
    out.number(raw(started_at));
    out.text(name);
  }
  bool get(Cursor& in) noexcept {
    stream_id = StreamId{in.varint32()};
    time = in.varint();
    tid = in.varint32();
    main = (in.varint() & 1) != 0;
    started_by = StreamId{in.varint32()};
    started_at = StackId{in.varint32()};
    name = in.sized_bytes();
    return in.ok();
  }
};

struct ThreadNameRecord {
  static constexpr RecordType kType = RecordType::kThreadName;
  StreamId stream_id{};
  uint64_t time = 0;
  std::string_view name;
  void put(RecordBuffer& out) const noexcept {
    out.number(raw(stream_id));
    out.number(time);
    out.text(name);
  }
  bool get(Cursor& in) noexcept {
    stream_id = StreamId{in.varint32()};
    time = in.varint();
    name = in.sized_bytes();
    return in.ok();
  }
};

struct ThreadEndRecord {
  static constexpr RecordType kType = RecordType::kThreadEnd;
  StreamId stream_id{};
  uint64_t time = 0;
  bool seen = false;  // false: found dead later, `time` is when
  void put(RecordBuffer& out) const noexcept {
    out.number(raw(stream_id));
    out.number(time);
    out.number(seen ? 1 : 0);
  }
  bool get(Cursor& in) noexcept {
    stream_id = StreamId{in.varint32()};
    time = in.varint();
    seen = (in.varint() & 1) != 0;
    return in.ok();
  }
};

// A code object was freed: its id is not used by stacks captured later.
struct RetiredRecord {
  static constexpr RecordType kType = RecordType::kRetired;
  uint64_t time = 0;
  CodeId code{};
  void put(RecordBuffer& out) const noexcept {
    out.number(time);
    out.number(raw(code));
  }
  bool get(Cursor& in) noexcept {
    time = in.varint();
    code = CodeId{in.varint32()};
    return in.ok();
  }
};

// Symbols are found afterwards, by another process, and lie in record segments of an stream of their own, behind those
// of the record stream. Whoever finds more adds segments of that stream.
constexpr uint32_t kSymbolStream = UINT32_MAX - 1;  // no thread has this number

enum class SymbolSource : uint32_t {
  kNone = 0,         // the module's file was read, and has no name for it
  kSymbolTable = 1,  // of the ELF file
  kDebugInfo = 2,    // DWARF
};

// What a native address is: of functions that the compiler has inlined into each other one record each, level by level.
struct SymbolRecord {
  static constexpr RecordType kType = RecordType::kSymbol;
  ModuleId module{};
  uint64_t address = 0;  // as in the stack nodes
  uint32_t level = 0;    // 0: the innermost function; n: the one that level n - 1 is inlined into
  SymbolSource source = SymbolSource::kNone;
  uint32_t line = 0;          // 0: unknown
  std::string_view function;  // readable (demangled); empty: unknown
  std::string_view file;      // empty: unknown
  void put(RecordBuffer& out) const noexcept {
    out.number(raw(module));
    out.number(address);
    out.number(level);
    out.number(static_cast<uint32_t>(source));
    out.number(line);
    out.text(function);
    out.text(file);
  }
  bool get(Cursor& in) noexcept {
    module = ModuleId{in.varint32()};
    address = in.varint();
    level = in.varint32();
    source = static_cast<SymbolSource>(in.varint32());
    line = in.varint32();
    function = in.sized_bytes();
    file = in.sized_bytes();
    return in.ok();
  }
};

}  // namespace cistern
