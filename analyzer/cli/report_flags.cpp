#include "analyzer/cli/report_flags.h"

#include <string>

#include "analyzer/read/failure.h"
#include "cistern/format/options.h"

namespace cistern::analyzer {
namespace {

void add_limit(CLI::App& app, const char* name, std::optional<size_t>& value, const char* help) {
  app.add_option_function<size_t>(
         name, [&value](const size_t& number) { value = number; }, help)
      ->type_name("N");
}

void add_filters(CLI::App& app, Selection& selection) {
  const char* const group = "Filters (text that occurs, or a glob with * ? [ ]; may be repeated)";
  app.add_option("--function", selection.functions, "Stacks with such a function")->type_name("TEXT")->group(group);
  app.add_option("--file", selection.files, "Stacks with such a file or native module")
      ->type_name("TEXT")
      ->group(group);
  app.add_option("--thread", selection.threads, "Threads of this name or number; \"main\"")
      ->type_name("TEXT")
      ->group(group);
  app.add_option_function<std::string>(
         "--domain",
         [&selection](const std::string& text) {
           const auto mask = parse_domains(text);
           if (!mask) throw CLI::ValidationError("--domain", "expected a list of malloc, raw, mem, obj, mmap");
           selection.domains = *mask;
         },
         "Only these, separated by commas: malloc, raw, mem, obj, mmap")
      ->type_name("LIST")
      ->group(group);
}

}  // namespace

void add_report_flags(CLI::App& app, ReportOptions& options, const ReportFlags& flags) {
  app.add_option("profile", options.query.paths, "Profiles, of one or more runs")->required()->type_name("FILE");
  app.add_flag("--json", options.output.json, "Raw numbers as JSON");
  if (flags.top) add_limit(app, "--top", options.output.top, "So many entries; 0: all");
  if (flags.depth) add_limit(app, "--depth", options.output.depth, "So many frames of each stack; 0: all");
  if (flags.at) {
    app.add_option_function<std::string>(
           "--at",
           [&options, worst = flags.worst](const std::string& text) {
             options.query.at = parse_moment(text);
             if (options.query.at.kind == MomentKind::kWorst && !worst) throw usage_error(kWorstIsOfPools);
           },
           flags.worst ? "When: end (default), peak, worst (most held and unused), exit, a mark's name, or 12.5s"
                       : "When: end (default), peak, exit, a mark's name, or a time such as 12.5s")
        ->type_name("MOMENT");
  }
  if (flags.filters) add_filters(app, options.query.selection);
  if (flags.stacks) {
    app.add_flag("--internals", options.query.selection.internals,
                 "Native frames of the interpreter and the loader, too");
  }
}

}  // namespace cistern::analyzer
