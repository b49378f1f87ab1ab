#include "analyzer/cli/commands.h"

namespace cistern::analyzer {

std::vector<Command> commands() {
  return {kRunCommand, kLeaksCommand};
}

}  // namespace cistern::analyzer
