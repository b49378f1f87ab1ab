// The result of `cistern lines`: what each line of one source file allocated and held. An allocation counts for the
// innermost frame of its stack that lies in the file, so a line includes what its calls into other files allocate. Not
// thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/results/allocations_by_stack.h"

namespace cistern::analyzer {

struct LinesQuery {
  ReportQuery report;
  std::string file;  // a recorded path, or the end of one
};

struct LineFigures {
  std::string_view function;  // of the stack that allocated most bytes here
  StackFigures figures;
  uint64_t greatest_bytes = 0;  // allocated by that stack
};

struct FileFigures {
  std::string_view file;                  // the recorded path
  std::map<uint64_t, LineFigures> lines;  // by line number; 0: the line is unknown
  StackFigures sum;
};

struct LinesResult : AllocationsByStack {
  FileFigures file;
  std::vector<std::string> source_paths;  // where the source may be on this machine, most likely first
  uint64_t recorded_unix_ns = 0;          // when the last process started
};

// `recordings` must outlive the result. `progress` may be null. Errors: Failure, exit code 2, when a profile has no
// such moment, or when `query.file` matches no recorded file, or several.
LinesResult analyze(const LinesQuery& query, const Recordings& recordings, Progress* progress);

}  // namespace cistern::analyzer
