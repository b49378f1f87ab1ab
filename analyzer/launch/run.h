// `cistern run`: starts a program with the recorder preloaded, stays out of its way, and afterwards puts its profiles
// in order and says where they are.
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

// Runs and records what `request` asks for, and says afterwards where the profile is if it is to. `invoked` is how
// cistern was called. Errors: Failure with exit code 125, 126 or 127.
RecordedRun record_program(const RunRequest& request, const char* invoked);

// `arguments[0]` is the word "run"; `invoked` is how cistern was called. Returns the exit code: the program's, 128 +
// the number of the signal that ended it. Errors: Failure with exit code 125, 126 or 127.
int run_program(int count, char** arguments, const char* invoked);

}  // namespace cistern::analyzer
