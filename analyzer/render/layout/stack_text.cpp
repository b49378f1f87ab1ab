#include "analyzer/render/layout/stack_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/render/layout/columns.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kFunctionColumns = 40;
constexpr size_t kCalledLines = 4;  // native frames below a Python line

std::string spaces(size_t count) {
  return std::string(count, ' ');
}

}  // namespace

void add_paths(const Frame& frame, PathNames& names) {
  if (!frame.file.empty()) names.add(frame.file);
  if (!frame.module.empty()) names.add(frame.module);
}

void add_paths(const CallTree& tree, NodeId node, PathNames& names) {
  for (; node != kRootNode; node = tree.parent(node)) add_paths(tree.frame(node), names);
}

std::string StackText::function_of(const Frame& frame) const {
  const std::string function = frame.function.empty() ? "(nameless)" : printable(frame.function);
  if (frame.kind != FrameKind::kNative) return function;
  if (frame.module.empty()) return frame.function.empty() ? "(native code of no known module)" : function;
  const std::string module = printable(names_.name(frame.module));
  return frame.function.empty() ? fmt::format("{}+0x{:x}", module, frame.address) : module + ": " + function;
}

std::string StackText::fitted_function(const Frame& frame, size_t width) const {
  std::string text = function_of(frame);
  if (width_of(text) <= width || frame.kind != FrameKind::kNative || frame.function.empty()) return fit(text, width);
  text = printable(frame.function);
  if (width_of(text) > width && text.ends_with(')')) text = text.substr(0, text.find('(', 1));
  return fit(text, width);
}

std::string StackText::native_text(const Frame& frame) const {
  const std::string place = place_of(frame);
  return place.empty() ? function_of(frame) : fmt::format("{} ({})", function_of(frame), place);
}

std::string StackText::fitted_native(const Frame& frame, size_t width) const {
  std::string text = native_text(frame);
  return width_of(text) <= width ? text : fitted_function(frame, width);
}

// Native frames that no Python frame called have their own lines.
std::vector<StackText::Entry> StackText::entries_of(const std::vector<const Frame*>& frames) {
  std::vector<Entry> entries;
  std::vector<const Frame*> called;
  const auto close = [&] {
    for (const Frame* frame : called) entries.push_back({frame, {}});
    called.clear();
  };
  for (const Frame* frame : frames) {
    if (frame->kind == FrameKind::kNative) {
      called.push_back(frame);
    } else if (frame->kind == FrameKind::kPython) {
      entries.push_back({frame, std::move(called)});
      called.clear();
    } else {
      close();
      entries.push_back({frame, {}});
    }
  }
  close();
  return entries;
}

std::string StackText::place_of(const Frame& frame) const {
  std::string place = frame.file.empty() ? "" : printable(names_.name(frame.file));
  if (!frame.file.empty() && frame.line != 0) place += fmt::format(":{}", frame.line);
  if (frame.awaiting) place += place.empty() ? "(awaiting)" : " (awaiting)";
  return place;
}

// Indices of the frames to show, in order. Code of -c or standard input counts as the program's own code if it is the
// outermost frame.
std::vector<size_t> StackText::chosen(const std::vector<Entry>& entries) const {
  std::vector<size_t> shown;
  bool own = false;
  for (size_t i = 0; i < entries.size() && shown.size() < depth_; ++i) {
    if (i != 0 && is_import_machinery(*entries[i].frame)) continue;
    shown.push_back(i);
    own = own || is_own_code(*entries[i].frame);
  }
  for (size_t i = shown.back() + 1; i < entries.size() && !own; ++i) {
    const Frame& frame = *entries[i].frame;
    own = is_own_code(frame) || (i + 1 == entries.size() && frame.file.starts_with('<'));
    if (own) shown.push_back(i);
  }
  return shown;
}

// Counts the frames that are left out, unless all of them are import machinery.
std::string StackText::lines(NodeId node, size_t indent) const {
  const std::vector<Entry> entries = entries_of(tree_.stack(node));
  if (entries.empty()) return spaces(indent) + "(no Python stack: interpreter start-up or native code)\n";
  std::string out;
  size_t next = 0;
  for (const size_t index : chosen(entries)) {
    const bool machinery = std::all_of(entries.begin() + static_cast<std::ptrdiff_t>(next),
                                       entries.begin() + static_cast<std::ptrdiff_t>(index),
                                       [](const Entry& entry) { return is_import_machinery(*entry.frame); });
    if (!machinery) out += elided(index - next, indent);
    out += line_of(*entries[index].frame, index == 0, indent) + called_lines(entries[index], indent);
    next = index + 1;
  }
  if (next != entries.size()) out += elided(entries.size() - next, indent);
  return out;
}

// The innermost native frames, and the one that Python called.
std::string StackText::called_lines(const Entry& entry, size_t indent) const {
  const auto columns = static_cast<size_t>(terminal_.columns);
  const size_t width_left = columns > indent + 24 ? columns - indent - 4 : 20;
  const size_t count = entry.called.size();
  const bool all = depth_ == SIZE_MAX || count <= kCalledLines;
  std::string out;
  for (size_t i = 0; i < count; ++i) {
    const bool left_out = !all && i >= kCalledLines - 1 && i + 1 != count;
    if (left_out && i == kCalledLines - 1) out += elided(count - kCalledLines, indent + 2);
    if (left_out) continue;
    out += spaces(indent + 2) + (i == 0 ? "" : "← ") + fitted_native(*entry.called[i], most(width_left)) + "\n";
  }
  return out;
}

std::string StackText::elided(size_t count, size_t indent) const {
  return spaces(indent) + terminal_.paint(Ink::kFaint, fmt::format("  … {} more", count)) + "\n";
}

std::string StackText::line_of(const Frame& frame, bool innermost, size_t indent) const {
  if (frame.kind == FrameKind::kBoundary) return spaces(indent) + "  thread started at\n";
  const auto columns = static_cast<size_t>(terminal_.columns);
  const size_t width_left = columns > indent + 2 ? columns - indent - 2 : 20;
  const std::string place = fit(place_of(frame), most(width_left * 2 / 3));
  const size_t place_width = place.empty() ? 0 : width_of(place) + 1;
  const size_t function_columns =
      std::min(width_left - std::min(place_width, width_left - 8), std::max(kFunctionColumns, width_left / 2));
  std::string out = spaces(indent) + (innermost ? "" : "← ");
  const size_t width = function_columns - (innermost ? 0 : 2);
  const std::string function = fitted_function(frame, most(width));
  const std::string padded = place.empty() ? function : pad_right(function, width) + " ";
  out += innermost ? terminal_.paint(Ink::kStrong, padded) : padded;
  return out + place + "\n";
}

std::string StackText::one_line(NodeId node) const {
  const Frame* native = nullptr;
  const Frame* other = nullptr;
  for (; node != kRootNode; node = tree_.parent(node)) {
    const Frame& frame = tree_.frame(node);
    if (frame.kind == FrameKind::kNative && native == nullptr) native = &frame;
    if (frame.kind == FrameKind::kNative || frame.kind == FrameKind::kBoundary) continue;
    if (frame.kind != FrameKind::kPython && native != nullptr) continue;
    other = &frame;
    break;
  }
  if (other == nullptr) return native == nullptr ? "(no Python stack)" : native_text(*native);
  const std::string place = place_of(*other);
  const std::string text = place.empty() ? function_of(*other) : place + " in " + function_of(*other);
  return native == nullptr ? text : text + " → " + function_of(*native);
}

}  // namespace cistern::analyzer
