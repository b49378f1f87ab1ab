#include "analyzer/cli/commands.h"

namespace cistern::analyzer {

std::vector<Command> commands() {
  return {kRunCommand, kSummaryCommand, kLeaksCommand, kDumpCommand};
}

}  // namespace cistern::analyzer
