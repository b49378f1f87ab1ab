#include <memory>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/render/text/lines_text.h"

namespace cistern::analyzer {
namespace {

void set_up(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<LinesOptions>();
  app.add_option("source", options->file, "The source file: its path, or the last parts of it")
      ->required()
      ->type_name("FILE.py");
  add_report_flags(app, options->report, {.depth = false, .at = true});
  app.callback([options, &exit_code] { exit_code = static_cast<int>(report_lines(*options)); });
}

}  // namespace

const Command kLinesCommand = {"lines", "A source file with what each line held and allocated", set_up};

}  // namespace cistern::analyzer
