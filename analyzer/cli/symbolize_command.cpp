#include <fmt/format.h>
#include <signal.h>

#include <memory>
#include <string>
#include <vector>

#include "analyzer/cli/commands.h"
#include "analyzer/read/failure.h"
#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/progress_bar.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/write/symbolize_profile.h"

namespace cistern::analyzer {
namespace {

constexpr char kFooter[] = R"(
Names come from the files of the recorded program, if these are still the same
build, and from debug information: in these files, in /usr/lib/debug, by
.gnu_debuglink, or from the servers in DEBUGINFOD_URLS. The names are stored in
the profile, so that they are available on other machines.)";

SymbolCounts symbolize_with_progress_bar(const std::string& path, Symbolizer& symbolizer) {
  ProgressBar progress;
  return symbolize_profile(path, symbolizer, progress);
}

std::string text_of(const SymbolCounts& counts) {
  if (counts.addresses == 0) return "no native frames";
  const uint64_t unknown = counts.addresses - counts.lines - counts.functions;
  return fmt::format("{} native {}: {} with file and line, {} with function only, {} unknown; {} new",
                     format_count(counts.addresses), counts.addresses == 1 ? "address" : "addresses",
                     format_count(counts.lines), format_count(counts.functions), format_count(unknown),
                     format_count(counts.added));
}

std::string_view reason_of(ModuleState state) {
  switch (state) {
    case ModuleState::kOtherBuild:
      return "not the build that was recorded; its functions stay unnamed";
    case ModuleState::kUnreadable:
      return "not a readable ELF file";
    case ModuleState::kAbsent:
    case ModuleState::kUsed:
      break;
  }
  return "not on this machine";
}

void print_request(const std::string& module, const std::string& build_id) {
  fmt::print(stderr, "cistern: asking debuginfod for {} ({})\n", module.empty() ? "a module" : printable(module),
             build_id);
}

void symbolize(const std::vector<std::string>& paths) {
  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes then is an error of write()
  Symbolizer symbolizer({.debuginfod = print_request});
  for (const std::string& path : paths) {
    const SymbolCounts counts = symbolize_with_progress_bar(path, symbolizer);
    fmt::print("{}: {}\n", printable(path), text_of(counts));
  }
  for (const Symbolizer::Problem& problem : symbolizer.problems()) {
    fmt::print(stderr, "cistern: no names: {}: {}\n", printable(problem.path), reason_of(problem.state));
  }
}

}  // namespace

void set_up_symbolize(CLI::App& app, int& exit_code) {
  const auto paths = std::make_shared<std::vector<std::string>>();
  app.add_option("profile", *paths, "Profiles of programs that have ended, child processes included")
      ->required()
      ->type_name("FILE");
  app.footer(kFooter);
  app.callback([paths, &exit_code] {
    symbolize(*paths);
    exit_code = static_cast<int>(ExitCode::kDone);
  });
}

}  // namespace cistern::analyzer
