// The filters of a report: --function, --file, --domain, --thread. A pattern with *, ? or [ is a glob that must match
// the whole text; any other pattern matches as a substring. Of several patterns of one option, one must match; of
// several options, each must match. A stack matches when one of its frames matches. Not thread-safe.
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
  std::vector<std::string> files;    // also matched with the modules of native frames
  std::vector<std::string> threads;  // name, kernel thread id, or "main"
  DomainMask domains = kAllDomains;
  bool internals = false;  // stacks include native frames of the interpreter and the loader

  bool everything() const noexcept {
    return functions.empty() && files.empty() && threads.empty() && domains == kAllDomains;
  }
};

bool matches(std::string_view pattern, std::string_view text);
bool matches_any(const std::vector<std::string>& patterns, std::string_view text);

bool selects_thread(const Selection& selection, const Thread* thread);

// Matches the nodes of one tree. The result of a node is derived from that of its parent and kept. The tree may grow
// between calls.
class StackSelection {
 public:
  StackSelection(const Selection& selection, const CallTree& tree) : selection_(selection), tree_(tree) {}

  bool selects(NodeId node);

 private:
  enum Match : uint8_t { kFunction = 1, kFile = 2 };
  uint8_t frame_matches(const Frame& frame) const;

  const Selection& selection_;
  const CallTree& tree_;
  std::vector<uint8_t> found_;  // by node: what the node or one of its callers matches
};

}  // namespace cistern::analyzer
