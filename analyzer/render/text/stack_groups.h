// A text report that lists stacks: the answer, numbered groups with a headline each, the sum of the groups that are not
// shown, the notes and the next command.
#pragma once

#include <string>
#include <vector>

#include "analyzer/model/image_facts.h"
#include "analyzer/render/layout/output_options.h"
#include "analyzer/render/layout/path_names.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/results/allocations_by_stack.h"
#include "analyzer/results/query.h"

namespace cistern::analyzer {

struct StackGroup {
  NodeId stack{};
  std::string figure;  // the emphasized part of its headline
  std::string detail;  // the rest of the headline
  Amount amount;       // for the sum of the groups that are not shown
};

class StackGroups {
 public:
  // All outlive this.
  StackGroups(const AllocationsByStack& by_stack, const ReportQuery& query, const OutputOptions& output,
              const Terminal& terminal)
      : by_stack_(by_stack), query_(query), output_(output), terminal_(terminal) {}

  // Groups are shown in the order of these calls.
  void add(const StackGroup& group);

  // The whole report. `answer` completes its first line, which begins with the program.
  std::string text(const std::string& answer) const;

 private:
  std::string rest() const;
  std::string next_command(const PathNames& names) const;

  const AllocationsByStack& by_stack_;
  const ReportQuery& query_;
  const OutputOptions& output_;
  const Terminal& terminal_;
  std::vector<StackGroup> shown_;
  size_t left_groups_ = 0;
  Amount left_;
};

}  // namespace cistern::analyzer
