#include "analyzer/reports/stack_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/reports/columns.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kFunctionColumns = 40;

std::string spaces(size_t count) {
  return std::string(count, ' ');
}

}  // namespace

bool is_own_code(const Frame& frame) {
  if (frame.kind != FrameKind::kPython || frame.file.empty() || frame.file.starts_with('<')) return false;
  for (const std::string_view installed : {"/lib/python", "/lib64/python", "/site-packages/", "/dist-packages/"}) {
    if (frame.file.find(installed) != std::string_view::npos) return false;
  }
  return true;
}

void add_paths(const CallTree& tree, NodeId node, PathNames& names) {
  for (; node != kRootNode; node = tree.parent(node)) {
    const Frame& frame = tree.frame(node);
    names.add(frame.kind == FrameKind::kNative ? frame.module : frame.file);
  }
}

std::string StackText::function_of(const Frame& frame) const {
  if (!frame.function.empty()) return printable(frame.function);
  if (frame.kind != FrameKind::kNative) return "(nameless)";
  return fmt::format("{}+0x{:x}", frame.module.empty() ? "(unknown module)" : printable(names_.name(frame.module)),
                     frame.address);
}

std::string StackText::place_of(const Frame& frame) const {
  if (frame.file.empty()) return {};
  std::string place = printable(names_.name(frame.file));
  if (frame.line != 0) place += fmt::format(":{}", frame.line);
  return place;
}

// Indices of the frames to show, in order. A program given by -c or on standard input is own code where it is
// outermost.
std::vector<size_t> StackText::chosen(const std::vector<const Frame*>& frames) const {
  std::vector<size_t> shown;
  bool own = false;
  for (size_t i = 0; i < frames.size() && shown.size() < depth_; ++i) {
    if (i != 0 && is_import_machinery(*frames[i])) continue;
    shown.push_back(i);
    own = own || is_own_code(*frames[i]);
  }
  for (size_t i = shown.back() + 1; i < frames.size() && !own; ++i) {
    own = is_own_code(*frames[i]) || (i + 1 == frames.size() && frames[i]->file.starts_with('<'));
    if (own) shown.push_back(i);
  }
  return shown;
}

// Frames left out between those shown are counted, unless all of them are import machinery, which says nothing.
std::string StackText::lines(NodeId node, size_t indent) const {
  const std::vector<const Frame*> frames = tree_.stack(node);
  if (frames.empty()) return spaces(indent) + "(no Python stack: interpreter start-up or native code)\n";
  std::string out;
  size_t next = 0;
  for (const size_t index : chosen(frames)) {
    const bool machinery = std::all_of(frames.begin() + static_cast<std::ptrdiff_t>(next),
                                       frames.begin() + static_cast<std::ptrdiff_t>(index),
                                       [](const Frame* frame) { return is_import_machinery(*frame); });
    if (!machinery) out += elided(index - next, indent);
    out += line_of(*frames[index], index == 0, indent);
    next = index + 1;
  }
  if (next != frames.size()) out += elided(frames.size() - next, indent);
  return out;
}

std::string StackText::elided(size_t count, size_t indent) const {
  return spaces(indent) + terminal_.paint(Ink::kFaint, fmt::format("  … {} more", count)) + "\n";
}

std::string StackText::line_of(const Frame& frame, bool innermost, size_t indent) const {
  if (frame.kind == FrameKind::kBoundary) return spaces(indent) + "  thread started at\n";
  const auto columns = static_cast<size_t>(terminal_.columns);
  const size_t room = columns > indent + 2 ? columns - indent - 2 : 20;
  const std::string place = fit(place_of(frame), room * 2 / 3);
  const size_t place_width = place.empty() ? 0 : width_of(place) + 1;
  const size_t function_room = std::min(room - std::min(place_width, room - 8), std::max(kFunctionColumns, room / 2));
  std::string out = spaces(indent) + (innermost ? "" : "← ");
  const size_t width = function_room - (innermost ? 0 : 2);
  const std::string function = fit(function_of(frame), width);
  const std::string padded = place.empty() ? function : pad_right(function, width) + " ";
  out += innermost ? terminal_.paint(Ink::kStrong, padded) : padded;
  return out + place + "\n";
}

std::string StackText::one_line(NodeId node) const {
  for (; node != kRootNode; node = tree_.parent(node)) {
    const Frame& frame = tree_.frame(node);
    if (frame.kind == FrameKind::kBoundary) continue;
    const std::string place = place_of(frame);
    return place.empty() ? function_of(frame) : place + " in " + function_of(frame);
  }
  return "(no Python stack)";
}

}  // namespace cistern::analyzer
