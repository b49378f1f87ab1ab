#include "analyzer/cli/record_flags.h"

#include <fmt/format.h>

#include <string>

namespace cistern::analyzer {

void add_record_flags(CLI::App& app, RunRequest& request, bool (*is_wanted)(const RunOption& option)) {
  constexpr char kGroup[] = "Recording options, as for cistern run";
  for (const RunOption& option : run_options()) {
    if (!is_wanted(option)) continue;
    const std::string letter = option.letter != 0 ? fmt::format("-{},", option.letter) : "";
    const std::string names = letter + "--" + option.name;
    if (option.argument == nullptr) {
      app.add_flag_callback(
             names, [&] { apply(request, option, nullptr); }, option.help)
          ->group(kGroup);
      continue;
    }
    app.add_option_function<std::string>(
           names, [&](const std::string& value) { apply(request, option, value.c_str()); }, option.help)
        ->type_name(option.argument)
        ->group(kGroup);
  }
}

}  // namespace cistern::analyzer
