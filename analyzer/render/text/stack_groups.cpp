#include "analyzer/render/text/stack_groups.h"

#include <fmt/format.h>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/stack_text.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kTopGroups = 8;
constexpr size_t kTopFrames = 4;
constexpr size_t kIndent = 5;

}  // namespace

void StackGroups::add(const StackGroup& group) {
  if (shown_.size() < output_.top_or(kTopGroups)) {
    shown_.push_back(group);
    return;
  }
  ++left_groups_;
  left_ += group.amount;
}

std::string StackGroups::text(const std::string& answer) const {
  PathNames names;
  for (const StackGroup& group : shown_) add_paths(by_stack_.tree, group.stack, names);
  const StackText stacks(by_stack_.tree, names, terminal_, output_.depth_or(kTopFrames));
  std::string out = wrapped(heading(by_stack_.images) + " · " + answer, static_cast<size_t>(terminal_.columns));
  out += not_complete_lines(by_stack_.images, terminal_);
  for (size_t i = 0; i < shown_.size(); ++i) {
    const StackGroup& group = shown_[i];
    out += fmt::format("\n{:>3}  {}  {}\n", i + 1, terminal_.paint(Ink::kStrong, group.figure), group.detail);
    out += stacks.lines(group.stack, kIndent);
  }
  return out + "\n" + rest() + note_lines(by_stack_.images, terminal_) + next_command(names);
}

std::string StackGroups::rest() const {
  if (left_groups_ == 0) return {};
  return wrapped(fmt::format("and {}, {} in {} (show with --top 0)", plural(left_groups_, "smaller group"),
                             format_bytes(left_.bytes), plural(left_.blocks, "block")),
                 static_cast<size_t>(terminal_.columns));
}

// The lines of the first file of the program's own code.
std::string StackGroups::next_command(const PathNames& names) const {
  for (const StackGroup& group : shown_) {
    for (const Frame* frame : by_stack_.tree.stack(group.stack)) {
      if (!is_own_code(*frame)) continue;
      return fmt::format("next: cistern lines {} {}\n", shell_word(printable(names.name(frame->file))),
                         shell_word(query_.paths.front()));
    }
  }
  return {};
}

}  // namespace cistern::analyzer
