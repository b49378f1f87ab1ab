// The definitions of one image: what its ids of strings, code objects, stack nodes, modules and threads mean. Views
// point into the profile, which outlives this. An id may be undefined, because its definition was lost; then a look-up
// returns null or an empty text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/read/id_map.h"
#include "analyzer/read/native_symbols.h"
#include "cistern/format/definition_records.h"

namespace cistern::analyzer {

struct Code {
  StringId file{};
  StringId name{};
  int64_t first_line = 0;
  LineTableKind table_kind = LineTableKind::kNone;
  uint64_t table_bytes = 0;  // of the whole table
  std::string_view table;    // the part that was found
};

// The ids of the parent, and of the innermost frame of a native run, are smaller than the node's own id: no cycles.
struct StackNode {
  StackId parent{};
  NodeKind kind = NodeKind::kUnknown;
  uint32_t a = 0;
  int64_t b = 0;
};

struct Module {
  uint64_t time = 0;
  uint64_t end_time = UINT64_MAX;
  uint64_t base = 0;
  uint64_t start = 0;
  uint64_t size_bytes = 0;
  std::string_view path;
  std::string_view build_id;
};

struct Thread {
  uint64_t time = 0;
  uint64_t end_time = UINT64_MAX;
  bool end_seen = false;
  uint32_t tid = 0;
  bool main = false;
  StreamId started_by{};
  StackId started_at{};
  std::string_view name;  // its last name
};

struct Definitions {
  IdMap<StringId, std::string_view> strings;
  IdMap<CodeId, Code> codes;
  IdMap<StackId, StackNode> nodes;
  IdMap<ModuleId, Module> modules;
  IdMap<StreamId, Thread> threads;
  NativeSymbols symbols;
  std::vector<std::unique_ptr<std::string>> joined_tables;  // line tables that came in pieces

  std::string_view text(StringId id) const noexcept {
    const std::string_view* found = strings.find(id);
    return found == nullptr ? std::string_view{} : *found;
  }
};

}  // namespace cistern::analyzer
