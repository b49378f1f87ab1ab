#include "analyzer/symbols/selection.h"

#include <fnmatch.h>

#include <algorithm>

namespace cistern::analyzer {

bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.find_first_of("*?[") == std::string_view::npos) return text.find(pattern) != std::string_view::npos;
  return fnmatch(std::string(pattern).c_str(), std::string(text).c_str(), 0) == 0;
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view text) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& p) { return matches(p, text); });
}

bool selects_thread(const Selection& selection, const Thread* thread) {
  if (selection.threads.empty()) return true;
  if (thread == nullptr) return false;
  const std::string tid = std::to_string(thread->tid);
  return std::any_of(selection.threads.begin(), selection.threads.end(), [&](const std::string& pattern) {
    return pattern == tid || (pattern == "main" && thread->main) ||
           (!thread->name.empty() && matches(pattern, thread->name));
  });
}

bool StackSelection::selects(NodeId node) {
  if (selection_.functions.empty() && selection_.files.empty()) return true;
  if (found_.empty()) found_.push_back(0);
  while (found_.size() <= raw(node)) {
    const NodeId next{static_cast<uint32_t>(found_.size())};
    const uint8_t above = found_[raw(tree_.parent(next))];
    found_.push_back(above | frame_matches(tree_.frame(next)));
  }
  const uint8_t wanted =
      static_cast<uint8_t>((selection_.functions.empty() ? 0 : kFunction) | (selection_.files.empty() ? 0 : kFile));
  return (found_[raw(node)] & wanted) == wanted;
}

uint8_t StackSelection::frame_matches(const Frame& frame) const {
  uint8_t match = 0;
  if (matches_any(selection_.functions, frame.function)) match |= kFunction;
  if (matches_any(selection_.files, frame.file)) match |= kFile;
  if (frame.kind == FrameKind::kNative && matches_any(selection_.files, frame.module)) match |= kFile;
  return match;
}

}  // namespace cistern::analyzer
