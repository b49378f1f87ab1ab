// `cistern exec` parses its own arguments, as `cistern run` does.

#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/record_flags.h"

namespace cistern::analyzer {

void set_up_exec(CLI::App& app, int& /*exit_code*/) {
  const auto request = std::make_shared<RunRequest>();
  add_record_flags(app, *request, [](const RunOption& option) { return std::string_view(option.name) != "help"; });
  app.add_option("command", request->command, "The program and its arguments")
      ->required()
      ->type_name("PROGRAM [ARGUMENTS...]");
  app.callback([request] {});
}

}  // namespace cistern::analyzer
