// What part of the memory a report is about (--function, --file, --domain, --thread). A pattern with *, ? or [ is a
// glob over the whole text, any other matches where it occurs. Several patterns of one kind: any of them; several
// kinds: all of them. A stack matches by any of its frames.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/read/definitions.h"
#include "analyzer/symbols/call_tree.h"
#include "cistern/format/domain.h"

namespace cistern::analyzer {

struct Selection {
  std::vector<std::string> functions;
  std::vector<std::string> files;    // and modules of native frames
  std::vector<std::string> threads;  // name, kernel thread id, or "main"
  DomainMask domains = kAllDomains;
  bool internals = false;  // stacks show native frames of the interpreter and the loader, too

  bool everything() const noexcept {
    return functions.empty() && files.empty() && threads.empty() && domains == kAllDomains;
  }
};

bool matches(std::string_view pattern, std::string_view text);
bool matches_any(const std::vector<std::string>& patterns, std::string_view text);

bool selects_thread(const Selection& selection, const Thread* thread);

// Answers for nodes of one tree, each from its parent's answer. The tree may grow meanwhile.
class StackSelection {
 public:
  StackSelection(const Selection& selection, const CallTree& tree) : selection_(selection), tree_(tree) {}

  bool selects(NodeId node);

 private:
  enum Match : uint8_t { kFunction = 1, kFile = 2 };
  uint8_t frame_matches(const Frame& frame) const;

  const Selection& selection_;
  const CallTree& tree_;
  std::vector<uint8_t> found_;  // by node: what it or a caller of it matches
};

}  // namespace cistern::analyzer
