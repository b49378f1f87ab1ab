#include "analyzer/cli/commands.h"

namespace cistern::analyzer {

std::vector<Command> commands() {
  return {kRunCommand,   kSummaryCommand, kLeaksCommand, kPeakCommand,   kTemporaryCommand,
          kPoolsCommand, kTreeCommand,    kLinesCommand, kExportCommand, kDumpCommand};
}

}  // namespace cistern::analyzer
