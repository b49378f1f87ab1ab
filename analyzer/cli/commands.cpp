#include "analyzer/cli/commands.h"

namespace cistern::analyzer {

std::vector<Command> commands() {
  return {kRunCommand,      kSummaryCommand, kLeaksCommand,     kPoolsCommand,     kCheckCommand,
          kLoopCommand,     kPeakCommand,    kTemporaryCommand, kTreeCommand,      kLinesCommand,
          kTimelineCommand, kExportCommand,  kPackCommand,      kSymbolizeCommand, kDumpCommand};
}

}  // namespace cistern::analyzer
