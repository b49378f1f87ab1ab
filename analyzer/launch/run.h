// `cistern run`: runs a program with the recorder preloaded, then collects its profiles and prints where they are.
#pragma once

#include "analyzer/launch/child_process.h"
#include "analyzer/launch/closing_lines.h"
#include "analyzer/launch/collect.h"
#include "analyzer/launch/run_request.h"

namespace cistern::analyzer {

struct RecordedRun {
  ChildEnd child;
  CollectedRun collected;
  RunFacts facts;
};

// Runs and records the program of `request`. Prints the closing lines if stderr is a terminal or `request` is verbose.
// `invoked` is the first word of the command line. Errors: Failure, exit code 125, 126 or 127.
RecordedRun record_program(const RunRequest& request, const char* invoked);

// The command `run`; `arguments[0]` is the word "run". Returns the exit code of the program, or 128 + the number of the
// signal that ended it. Errors: Failure, exit code 125, 126 or 127.
int run_program(int count, char** arguments, const char* invoked);

}  // namespace cistern::analyzer
