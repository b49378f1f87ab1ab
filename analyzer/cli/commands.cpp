#include "analyzer/cli/commands.h"

namespace cistern::analyzer {

std::vector<Command> commands() {
  return {kRunCommand,  kSummaryCommand, kLeaksCommand,  kPeakCommand, kTemporaryCommand,
          kTreeCommand, kLinesCommand,   kExportCommand, kDumpCommand};
}

}  // namespace cistern::analyzer
