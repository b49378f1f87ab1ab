// Records that define an id: strings, code objects, stack nodes, modules, threads. A definition is written before the
// first event that uses its id; a parent before its children. What ends one (a freed code object, an unloaded module)
// is here too.
#pragma once

#include <cstdint>
#include <string_view>

#include "cistern/cursor.h"
#include "cistern/ids.h"
#include "cistern/record.h"

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

// How a line table is to be read; see "Line tables" in FORMAT.md.
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
  kNative = 2,     // a: ModuleId, b: address relative to the module's base
  kBoundary = 3,   // what follows towards the root is the stack that started this thread
  kTruncated = 4,  // the stack went on, but was cut; a: TruncationReason
  kUnknown = 5,    // the stack could not be read
};

enum class TruncationReason : uint32_t { kDepth = 1, kStackTableFull = 2 };

// A node of the stack tree: a frame, and the node of its caller.
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
  OwnerId owner{};
  uint64_t time = 0;
  uint32_t tid = 0;
  bool main = false;
  OwnerId started_by{};
  StackId started_at{};
  std::string_view name;
  void put(RecordBuffer& out) const noexcept {
    out.number(raw(owner));
    out.number(time);
    out.number(tid);
    out.number(main ? 1 : 0);
    out.number(raw(started_by));
    out.number(raw(started_at));
    out.text(name);
  }
  bool get(Cursor& in) noexcept {
    owner = OwnerId{in.varint32()};
    time = in.varint();
    tid = in.varint32();
    main = (in.varint() & 1) != 0;
    started_by = OwnerId{in.varint32()};
    started_at = StackId{in.varint32()};
    name = in.sized_bytes();
    return in.ok();
  }
};

struct ThreadNameRecord {
  static constexpr RecordType kType = RecordType::kThreadName;
  OwnerId owner{};
  uint64_t time = 0;
  std::string_view name;
  void put(RecordBuffer& out) const noexcept {
    out.number(raw(owner));
    out.number(time);
    out.text(name);
  }
  bool get(Cursor& in) noexcept {
    owner = OwnerId{in.varint32()};
    time = in.varint();
    name = in.sized_bytes();
    return in.ok();
  }
};

struct ThreadEndRecord {
  static constexpr RecordType kType = RecordType::kThreadEnd;
  OwnerId owner{};
  uint64_t time = 0;
  bool seen = false;  // false: found dead later, `time` is when
  void put(RecordBuffer& out) const noexcept {
    out.number(raw(owner));
    out.number(time);
    out.number(seen ? 1 : 0);
  }
  bool get(Cursor& in) noexcept {
    owner = OwnerId{in.varint32()};
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

}  // namespace cistern
