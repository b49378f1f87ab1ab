#include "analyzer/render/text/tree_text.h"

#include <fmt/format.h>

#include <map>
#include <queue>

#include "analyzer/render/json/report_json.h"
#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/path_names.h"
#include "analyzer/render/layout/stack_text.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/render/text/stack_groups.h"
#include "analyzer/results/branch_sums.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kTextDepth = 64;
constexpr size_t kTextLines = 40;
constexpr size_t kMaxIndent = 16;

// A node on the way down, and how far from the root it is.
struct Visit {
  NodeId node{};
  size_t depth = 0;  // of frames
};

// Depth first, greatest branch first, without recursion. `visit` returns whether the children are wanted.
template <typename F>
void walk(const BranchSums& sums, F&& visit) {
  std::vector<Visit> open = {{kRootNode, 0}};
  while (!open.empty()) {
    const Visit at = open.back();
    open.pop_back();
    if (at.node != kRootNode && !visit(at)) continue;
    const std::vector<NodeId>& children = sums.children(at.node);
    for (size_t i = children.size(); i-- != 0;) open.push_back({children[i], at.depth + 1});
  }
}

Json node_json(const AllocationsByStack& by_stack, const BranchSums& sums, NodeId node) {
  Json json = frame_json(by_stack.tree.frame(node));
  const NodeId parent = by_stack.tree.parent(node);
  json["id"] = raw(node);
  json["parent"] = parent == kRootNode ? Json(nullptr) : Json(raw(parent));
  json["bytes"] = sums.all(node).bytes;
  json["blocks"] = sums.all(node).blocks;
  json["own_bytes"] = sums.own(node).bytes;
  json["own_blocks"] = sums.own(node).blocks;
  return json;
}

// A list, not nested: stacks are deeper than readers of JSON like.
std::string as_json(const AllocationsByStack& by_stack, const BranchSums& sums, const TreeOptions& options) {
  Json nodes = Json::array();
  walk(sums, [&](const Visit& at) {
    if (at.depth > options.report.output.depth_or(0) || nodes.size() >= options.report.output.top_or(0)) return false;
    nodes.push_back(node_json(by_stack, sums, at.node));
    return true;
  });
  return json_text({
      {"schema", "cistern.tree/1"},
      {"complete", all_complete(by_stack.images)},
      {"at", options.report.query.at.text.empty() ? "end" : options.report.query.at.text},
      {"images", images_json(by_stack.images)},
      {"bytes", sums.all(kRootNode).bytes},
      {"blocks", sums.all(kRootNode).blocks},
      {"own_bytes", sums.own(kRootNode).bytes},
      {"own_blocks", sums.own(kRootNode).blocks},
      {"nodes", std::move(nodes)},
  });
}

class TreeText {
 public:
  TreeText(const AllocationsByStack& by_stack, const BranchSums& sums, const TreeOptions& options)
      : by_stack_(by_stack),
        sums_(sums),
        options_(options),
        terminal_(terminal_of(stdout)),
        stacks_(by_stack.tree, names_, terminal_, 1) {}

  std::string text() {
    choose();
    out_ = wrapped(heading(by_stack_.images) + " · " + answer(), columns());
    out_ += "\n";
    add_outside();
    add_lines();
    add_left_out();
    out_ += note_lines(by_stack_.images, terminal_);
    return std::move(out_);
  }

 private:
  size_t columns() const { return static_cast<size_t>(terminal_.columns); }
  uint64_t whole() const { return sums_.all(kRootNode).bytes; }

  // A line of the text: what it is about, and how far it is indented.
  struct Line {
    NodeId node{};
    size_t indent = 0;
  };

  bool is_small(NodeId node) const {
    return static_cast<double>(sums_.all(node).bytes) * 100 < options_.min_share_percent * static_cast<double>(whole());
  }

  struct Open {
    NodeId node{};
    NodeId parent{};  // the caller that is shown
    size_t depth = 0;
  };

  // The greatest branches of the whole tree, as many as there is room for, in whatever depth they lie.
  void choose() {
    const auto smaller = [this](const Open& a, const Open& b) {
      const Amount& left = sums_.all(a.node);
      const Amount& right = sums_.all(b.node);
      return left.bytes != right.bytes ? left.bytes < right.bytes : raw(a.node) > raw(b.node);
    };
    std::priority_queue<Open, std::vector<Open>, decltype(smaller)> open(smaller);
    const auto push_called_by = [&](NodeId node, size_t depth) {
      for (const NodeId called : called_by(node)) open.push({called, node, depth});
    };
    push_called_by(kRootNode, 0);
    for (size_t lines = options_.report.output.top_or(kTextLines); lines != 0 && !open.empty(); --lines) {
      const Open at = open.top();
      open.pop();
      shown_[raw(at.parent)].push_back(at.node);
      add_paths(by_stack_.tree.frame(at.node), names_);
      if (at.depth + 1 < options_.report.output.depth_or(kTextDepth)) push_called_by(at.node, at.depth + 1);
    }
    left_out_ += open.size();
  }

  // Frames of the import machinery say nothing: what they called stands in their place.
  std::vector<NodeId> called_by(NodeId caller) {
    std::vector<NodeId> called;
    std::vector<NodeId> open = {caller};
    while (!open.empty()) {
      const NodeId at = open.back();
      open.pop_back();
      for (const NodeId child : sums_.children(at)) {
        const bool machinery = is_import_machinery(by_stack_.tree.frame(child));
        if (is_small(child)) {
          ++left_out_;
        } else {
          (machinery ? open : called).push_back(child);
        }
      }
    }
    return called;
  }

  // Depth first. A line is indented below its caller only where the tree parts.
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
    const Moment& at = options_.report.query.at;
    const std::string moment = at.kind == MomentKind::kPeak  ? "at the peak"
                               : at.kind == MomentKind::kEnd ? "at the end"
                                                             : "at " + printable(at.text);
    return fmt::format("{} in {} alive {}", format_bytes(whole()), plural(sums_.all(kRootNode).blocks, "block"),
                       moment);
  }

  void add_line(const Line& at) {
    const Frame& frame = by_stack_.tree.frame(at.node);
    const std::string what = frame.kind == FrameKind::kBoundary ? "thread started here" : stacks_.function_of(frame);
    add_amount(sums_.all(at.node), std::string(2 * std::min(at.indent, kMaxIndent), ' '), what,
               stacks_.place_of(frame));
  }

  void add_amount(const Amount& amount, const std::string& indent, const std::string& what, const std::string& place) {
    const std::string left =
        fmt::format("{:>8} {:>5}  {}", format_bytes(amount.bytes), format_share(amount.bytes, whole()), indent);
    const size_t room = columns() - std::min(columns() - 20, width_of(left));
    const std::string fitted_place = fit(place, room * 2 / 3);
    const std::string fitted = fit(what, room - std::min(room - 8, width_of(fitted_place) + 2));
    out_ += left + terminal_.paint(Ink::kStrong, fitted) + (place.empty() ? "" : "  " + fitted_place) + "\n";
  }

  void add_outside() {
    const Amount& own = sums_.own(kRootNode);
    if (own.blocks != 0) add_amount(own, "", "(no Python stack)", "");
  }

  void add_left_out() {
    if (left_out_ == 0) return;
    const std::string what = format_count(left_out_) + " smaller or deeper branches";
    out_ += "\n" + wrapped("and " + what + ": --min-share 0, --depth 0, --top 0", columns());
  }

  const AllocationsByStack& by_stack_;
  const BranchSums& sums_;
  const TreeOptions& options_;
  Terminal terminal_;
  PathNames names_;
  StackText stacks_;
  std::map<uint32_t, std::vector<NodeId>> shown_;  // by caller, greatest first
  uint64_t left_out_ = 0;
  std::string out_;
};

}  // namespace

ExitCode report_tree(const TreeOptions& options) {
  const Recordings recordings = open_profiles(options.report.query.paths);
  const AllocationsByStack by_stack = allocations_by_stack(recordings, options.report.query);
  warn_about(by_stack);
  const BranchSums sums(by_stack, Measure::kLive);
  write_out(options.report.output.json ? as_json(by_stack, sums, options) : TreeText(by_stack, sums, options).text());
  return recordings.exit_code();
}

}  // namespace cistern::analyzer
