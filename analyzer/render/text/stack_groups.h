// The body of a text report that lists stacks: an answer, numbered groups with a headline each, what was left out, the
// notes and the next command.
#pragma once

#include <string>
#include <vector>

#include "analyzer/model/image_facts.h"
#include "analyzer/render/layout/path_names.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/text/report_options.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

struct StackGroup {
  NodeId stack{};
  std::string figure;  // the strong part of its headline
  std::string detail;  // the rest of it
  Amount amount;       // what is said of it when it is not shown
};

class StackGroups {
 public:
  // All outlive this.
  StackGroups(const CallTree& tree, const ReportOptions& options, const std::vector<ImageFacts>& images);

  // In the order in which they are to be shown.
  void add(const StackGroup& group);

  // The whole report. `answer` follows what ran in its first line.
  std::string text(const std::string& answer) const;

 private:
  std::string rest() const;
  std::string next_command(const PathNames& names) const;

  const CallTree& tree_;
  const ReportOptions& options_;
  const std::vector<ImageFacts>& images_;
  Terminal terminal_;
  std::vector<StackGroup> shown_;
  size_t left_groups_ = 0;
  Amount left_;
};

// Notes about what to trust, as lines.
std::string note_lines(const std::vector<ImageFacts>& images, const Terminal& terminal);

}  // namespace cistern::analyzer
