#include <cerrno>
#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "analyzer/cli/commands.h"
#include "analyzer/cli/report.h"
#include "analyzer/cli/report_flags.h"
#include "analyzer/read/failure.h"
#include "analyzer/render/export/collapsed.h"

namespace cistern::analyzer {
namespace {

using Format = std::string (*)(const AllocationsByStack& by_stack, Measure measure, bool blocks);

const std::map<std::string, Format> kFormats = {{"collapsed", collapsed_stacks}};
const std::map<std::string, Measure> kMeasures = {
    {"live", Measure::kLive}, {"peak", Measure::kPeak}, {"total", Measure::kTotal}};

struct ExportOptions {
  ReportQuery query;
  OutputOptions unused;
  std::string format;
  Measure measure = Measure::kLive;
  bool blocks = false;
  std::string output;  // path; empty: standard output
};

void write_file(const std::string& path, const std::string& text) {
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, Close> file(std::fopen(path.c_str(), "we"));
  const bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file.get()) == text.size() &&
                       std::fflush(file.get()) == 0;
  if (!written) throw unreadable(path, error_text(errno));
}

ExitCode run_export(const ExportOptions& options) {
  const Recordings recordings = open_and_warn(options.query.paths);
  const AllocationsByStack by_stack = [&] {
    ProgressBar progress;
    return allocations_by_stack(recordings, options.query, &progress);
  }();
  warn_about(by_stack);
  print_warnings(incompleteness_warnings(by_stack.images));
  const std::string text = kFormats.at(options.format)(by_stack, options.measure, options.blocks);
  options.output.empty() ? write_out(text) : write_file(options.output, text);
  return recordings.exit_code();
}

}  // namespace

void set_up_export(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<ExportOptions>();
  add_report_flags(app, options->query, options->unused, {.json = false, .top = false, .depth = false, .at = true});
  app.add_option("--format", options->format, "collapsed: one stack per line, for flamegraph.pl, speedscope and others")
      ->required()
      ->type_name("FORMAT")
      ->check(CLI::IsMember(&kFormats).description(""));
  app.add_option("--what", options->measure,
                 "The amount: live (default; at the moment of --at), peak, or total (all that was allocated)")
      ->type_name("WHAT")
      ->transform(CLI::Transformer(kMeasures).description(""));
  app.add_flag("--blocks", options->blocks, "Count blocks instead of bytes");
  app.add_option("-o,--output", options->output, "Write to this file, not to standard output")->type_name("PATH");
  app.callback([options, &exit_code] { exit_code = static_cast<int>(run_export(*options)); });
}

}  // namespace cistern::analyzer
