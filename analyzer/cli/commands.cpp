#include "analyzer/cli/commands.h"

namespace cistern::analyzer {

std::vector<Command> commands() {
  return {};
}

}  // namespace cistern::analyzer
