// A stack as lines of text: the function that allocated first, then its callers. The native functions that a Python
// line called follow it, innermost first.
//
//     Session.profile        service.py:18
//       _fast.so: buf_new (fast.c:88)
//       ← _fast.so: fetch_rows (fast.c:140)
//     ← handle               service.py:31
//       started at
//     ← main                 service.py:22
//       … 12 more
// A stack that is too deep shows its innermost frames. If none of them is the program's own code (not of the standard
// library or an installed package), it also shows the nearest caller that is.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analyzer/render/layout/path_names.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

class StackText {
 public:
  // All outlive this. `depth` at least 1.
  StackText(const CallTree& tree, const PathNames& names, const Terminal& terminal, size_t depth)
      : tree_(tree), names_(names), terminal_(terminal), depth_(depth) {}

  // Lines with `indent` spaces before them, each with a newline.
  std::string lines(NodeId node, size_t indent) const;
  // "service.py:18 in Session.profile → _fast.so: buf_new": the innermost Python frame and the innermost native frame
  // that it called.
  std::string one_line(NodeId node) const;

  std::string function_of(const Frame& frame) const;
  std::string place_of(const Frame& frame) const;
  // function_of() in `width` columns. A native function loses its module and its parameters before its name.
  std::string fitted_function(const Frame& frame, size_t width) const;
  // See Terminal.
  size_t most(size_t width) const noexcept { return terminal_.most(width); }

 private:
  // A frame with its own line, and the native frames that it called, innermost first.
  struct Entry {
    const Frame* frame = nullptr;
    std::vector<const Frame*> called;
  };
  static std::vector<Entry> entries_of(const std::vector<const Frame*>& frames);
  std::vector<size_t> chosen(const std::vector<Entry>& entries) const;
  std::string called_lines(const Entry& entry, size_t indent) const;
  std::string native_text(const Frame& frame) const;
  std::string fitted_native(const Frame& frame, size_t width) const;
  std::string elided(size_t count, size_t indent) const;
  std::string line_of(const Frame& frame, bool innermost, size_t indent) const;

  const CallTree& tree_;
  const PathNames& names_;
  const Terminal& terminal_;
  size_t depth_;
};

// Adds the files and modules of a frame, or of a stack, to `names`.
void add_paths(const Frame& frame, PathNames& names);
void add_paths(const CallTree& tree, NodeId node, PathNames& names);

}  // namespace cistern::analyzer
