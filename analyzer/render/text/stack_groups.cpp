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

StackGroups::StackGroups(const CallTree& tree, const ReportOptions& options, const std::vector<ImageFacts>& images)
    : tree_(tree), options_(options), images_(images), terminal_(terminal_of(stdout)) {}

void StackGroups::add(const StackGroup& group) {
  if (shown_.size() < options_.output.top_or(kTopGroups)) {
    shown_.push_back(group);
    return;
  }
  ++left_groups_;
  left_.bytes += group.amount.bytes;
  left_.blocks += group.amount.blocks;
}

std::string StackGroups::text(const std::string& answer) const {
  PathNames names;
  for (const StackGroup& group : shown_) add_paths(tree_, group.stack, names);
  const StackText stacks(tree_, names, terminal_, options_.output.depth_or(kTopFrames));
  std::string out = wrapped(heading(images_) + " · " + answer, static_cast<size_t>(terminal_.columns));
  for (size_t i = 0; i < shown_.size(); ++i) {
    const StackGroup& group = shown_[i];
    out += fmt::format("\n{:>3}  {}  {}\n", i + 1, terminal_.paint(Ink::kStrong, group.figure), group.detail);
    out += stacks.lines(group.stack, kIndent);
  }
  return out + "\n" + rest() + note_lines(images_, terminal_) + next_command(names);
}

std::string StackGroups::rest() const {
  if (left_groups_ == 0) return {};
  return wrapped(fmt::format("and {}, {} in {}: --top 0", plural(left_groups_, "smaller group"),
                             format_bytes(left_.bytes), plural(left_.blocks, "block")),
                 static_cast<size_t>(terminal_.columns));
}

// The lines of the first file of the program's own.
std::string StackGroups::next_command(const PathNames& names) const {
  for (const StackGroup& group : shown_) {
    for (const Frame* frame : tree_.stack(group.stack)) {
      if (!is_own_code(*frame)) continue;
      return fmt::format("next: cistern lines {} {}\n", shell_word(printable(names.name(frame->file))),
                         shell_word(options_.query.paths.front()));
    }
  }
  return {};
}

std::string note_lines(const std::vector<ImageFacts>& images, const Terminal& terminal) {
  std::string lines;
  for (const std::string& note : notes(images)) {
    lines += wrapped("note: " + note, static_cast<size_t>(terminal.columns));
  }
  return lines;
}

}  // namespace cistern::analyzer
