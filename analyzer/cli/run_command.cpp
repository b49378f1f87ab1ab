// `run` parses its own command line (launch/run_request.h). This entry adds it to the list that --help prints.

#include "analyzer/cli/commands.h"

namespace cistern::analyzer {

const Command kRunCommand = {"run", "Run a program and record its memory", [](CLI::App&, int&) {}};

}  // namespace cistern::analyzer
