// `run` reads its own command line (record/run_request.h); this entry puts it into the list that --help prints.

#include "analyzer/cli/commands.h"

namespace cistern::analyzer {

const Command kRunCommand = {"run", "Run a program and record its memory", [](CLI::App&, int&) {}};

}  // namespace cistern::analyzer
