// A stack as lines of text: the function that allocated first, then its callers.
//
//     Session.profile        service.py:18
//     ← handle               service.py:31
//       started at
//     ← main                 service.py:22
//       … 12 more
// Of a stack deeper than asked for, the innermost frames are shown, and the nearest caller that is the program's own
// (not of the standard library or an installed package) if it is not among them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analyzer/reports/path_names.h"
#include "analyzer/reports/terminal.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

class StackText {
 public:
  // All outlive this. `depth` at least 1.
  StackText(const CallTree& tree, const PathNames& names, const Terminal& terminal, size_t depth)
      : tree_(tree), names_(names), terminal_(terminal), depth_(depth) {}

  // Lines with `indent` spaces before them and newlines behind.
  std::string lines(NodeId node, size_t indent) const;
  // "service.py:18 in Session.profile", for the innermost frame that is one.
  std::string one_line(NodeId node) const;

  std::string function_of(const Frame& frame) const;
  std::string place_of(const Frame& frame) const;

 private:
  std::vector<size_t> chosen(const std::vector<const Frame*>& frames) const;
  std::string elided(size_t count, size_t indent) const;
  std::string line_of(const Frame& frame, bool innermost, size_t indent) const;

  const CallTree& tree_;
  const PathNames& names_;
  const Terminal& terminal_;
  size_t depth_;
};

// Whether a frame is of the program itself, rather than of the standard library or an installed package.
bool is_own_code(const Frame& frame);

// Registers the files and modules of a stack.
void add_paths(const CallTree& tree, NodeId node, PathNames& names);

}  // namespace cistern::analyzer
