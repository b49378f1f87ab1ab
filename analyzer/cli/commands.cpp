#include "analyzer/cli/commands.h"

namespace cistern::analyzer {
namespace {

#define COMMAND(name, group, needs, parser, help) {#name, group, help, Needs::needs, set_up_##name, parser},
constexpr Command kCommands[] = {CISTERN_COMMANDS(COMMAND)};
#undef COMMAND

}  // namespace

std::span<const Command> commands() noexcept {
  return kCommands;
}

}  // namespace cistern::analyzer
