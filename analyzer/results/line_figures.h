// What each line of one source file held and allocated. A stack counts for the innermost of its frames that lie in the
// file: what a line's calls into other files allocate is the line's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/results/allocations_by_stack.h"

namespace cistern::analyzer {

struct LineFigures {
  std::string_view function;  // of the line's greatest stack
  StackFigures figures;
  uint64_t greatest_bytes = 0;
};

struct FileFigures {
  std::string_view file;                  // as it was recorded
  std::map<uint64_t, LineFigures> lines;  // 0: the line is not known
  StackFigures sum;
};

// The one recorded file that `wanted` names: the whole path, or its last parts.
// Errors: Failure, exit code 2, when no stack has such a file, or several files are called so.
std::string_view file_named(const AllocationsByStack& by_stack, const std::string& wanted);

FileFigures figures_of(const AllocationsByStack& by_stack, std::string_view file);

}  // namespace cistern::analyzer
