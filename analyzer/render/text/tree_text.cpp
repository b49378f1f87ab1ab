#include "analyzer/render/text/tree_text.h"

#include <fmt/format.h>

#include <map>
#include <queue>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/path_names.h"
#include "analyzer/render/layout/stack_text.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/render/text/stack_groups.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kTextDepth = 64;
constexpr size_t kTextLines = 40;
constexpr size_t kMaxIndent = 16;

class TreeText {
 public:
  TreeText(const TreeResult& result, const TreeQuery& query, const OutputOptions& output, const Terminal& terminal,
           double min_share_percent)
      : result_(result),
        query_(query),
        output_(output),
        terminal_(terminal),
        min_share_percent_(min_share_percent),
        stacks_(result.tree, names_, terminal, 1) {}

  std::string text() {
    choose();
    out_ = wrapped(heading(result_.images) + " · " + answer(), columns());
    out_ += not_complete_lines(result_.images, terminal_);
    out_ += "\n";
    add_outside();
    add_lines();
    add_left_out();
    out_ += note_lines(result_.images, terminal_);
    return std::move(out_);
  }

 private:
  size_t columns() const { return static_cast<size_t>(terminal_.columns); }
  uint64_t whole() const { return result_.sums.all(kRootNode).bytes; }

  // A line of the text.
  struct Line {
    NodeId node{};
    size_t indent = 0;
  };

  bool is_small(NodeId node) const {
    return static_cast<double>(result_.sums.all(node).bytes) * 100 < min_share_percent_ * static_cast<double>(whole());
  }

  struct Open {
    NodeId node{};
    NodeId parent{};  // the nearest caller that is shown
    size_t depth = 0;
  };

  // Chooses the greatest branches of the whole tree, at any depth, up to the number of lines.
  void choose() {
    const auto smaller = [this](const Open& a, const Open& b) {
      const Amount& left = result_.sums.all(a.node);
      const Amount& right = result_.sums.all(b.node);
      return left.bytes != right.bytes ? left.bytes < right.bytes : raw(a.node) > raw(b.node);
    };
    std::priority_queue<Open, std::vector<Open>, decltype(smaller)> open(smaller);
    const auto push_called_by = [&](NodeId node, size_t depth) {
      for (const NodeId called : called_by(node)) open.push({called, node, depth});
    };
    push_called_by(kRootNode, 0);
    for (size_t lines = output_.top_or(kTextLines); lines != 0 && !open.empty(); --lines) {
      const Open at = open.top();
      open.pop();
      shown_[raw(at.parent)].push_back(at.node);
      add_paths(result_.tree.frame(at.node), names_);
      if (at.depth + 1 < output_.depth_or(kTextDepth)) push_called_by(at.node, at.depth + 1);
    }
    left_out_ += open.size();
  }

  // Returns the children to show. A frame of the import system is replaced by its children.
  std::vector<NodeId> called_by(NodeId caller) {
    std::vector<NodeId> called;
    std::vector<NodeId> open = {caller};
    while (!open.empty()) {
      const NodeId at = open.back();
      open.pop_back();
      for (const NodeId child : result_.sums.children(at)) {
        const bool machinery = is_import_machinery(result_.tree.frame(child));
        if (is_small(child)) {
          ++left_out_;
        } else {
          (machinery ? open : called).push_back(child);
        }
      }
    }
    return called;
  }

  // Depth first. A line is indented below its caller only where the caller has several children.
  void add_lines() {
    std::vector<Line> open;
    const auto push_called_by = [&](NodeId node, size_t indent) {
      const auto found = shown_.find(raw(node));
      if (found == shown_.end()) return;
      const std::vector<NodeId>& called = found->second;
      const size_t further = node != kRootNode && called.size() > 1 ? 1 : 0;
      for (size_t i = called.size(); i-- != 0;) open.push_back({called[i], indent + further});
    };
    push_called_by(kRootNode, 0);
    while (!open.empty()) {
      const Line line = open.back();
      open.pop_back();
      add_line(line);
      push_called_by(line.node, line.indent);
    }
  }

  std::string answer() const {
    const Moment& at = query_.report.at;
    const std::string moment = at.kind == MomentKind::kPeak  ? "at the peak"
                               : at.kind == MomentKind::kEnd ? "at the end"
                                                             : "at " + printable(at.text);
    return fmt::format("{} in {} live {}", format_bytes(whole()), plural(result_.sums.all(kRootNode).blocks, "block"),
                       moment);
  }

  void add_line(const Line& at) {
    const Frame& frame = result_.tree.frame(at.node);
    const std::string what = frame.kind == FrameKind::kBoundary ? "thread started here" : stacks_.function_of(frame);
    add_amount(result_.sums.all(at.node), std::string(2 * std::min(at.indent, kMaxIndent), ' '), what,
               stacks_.place_of(frame));
  }

  void add_amount(const Amount& amount, const std::string& indent, const std::string& what, const std::string& place) {
    const std::string left =
        fmt::format("{:>8} {:>5}  {}", format_bytes(amount.bytes), format_share(amount.bytes, whole()), indent);
    const size_t width = columns() - std::min(columns() - 20, width_of(left));
    const std::string fitted_place = fit(place, terminal_.most(width * 2 / 3));
    const std::string fitted = fit(what, terminal_.most(width - std::min(width - 8, width_of(fitted_place) + 2)));
    out_ += left + terminal_.paint(Ink::kStrong, fitted) + (place.empty() ? "" : "  " + fitted_place) + "\n";
  }

  void add_outside() {
    const Amount& own = result_.sums.own(kRootNode);
    if (own.blocks != 0) add_amount(own, "", "(no Python stack)", "");
  }

  void add_left_out() {
    if (left_out_ == 0) return;
    const std::string what = left_out_ == 1 ? "branch" : "branches";
    out_ += "\n" + wrapped(fmt::format("and {} smaller or deeper {} (show with --min-share 0 --depth 0 --top 0)",
                                       format_count(left_out_), what),
                           columns());
  }

  const TreeResult& result_;
  const TreeQuery& query_;
  const OutputOptions& output_;
  const Terminal& terminal_;
  double min_share_percent_;
  PathNames names_;
  StackText stacks_;
  std::map<uint32_t, std::vector<NodeId>> shown_;  // by caller, greatest first
  uint64_t left_out_ = 0;
  std::string out_;
};

}  // namespace

std::string tree_text(const TreeResult& result, const TreeQuery& query, const OutputOptions& output,
                      const Terminal& terminal, double min_share_percent) {
  return TreeText(result, query, output, terminal, min_share_percent).text();
}

}  // namespace cistern::analyzer
