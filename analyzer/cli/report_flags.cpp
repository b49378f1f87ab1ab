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
  const char* const group = "Filters (a substring, or a glob with * ? [ ]; repeatable)";
  app.add_option("--function", selection.functions, "Only stacks with a function that matches")
      ->type_name("TEXT")
      ->group(group);
  app.add_option("--file", selection.files, "Only stacks with a source file or a native module that matches")
      ->type_name("TEXT")
      ->group(group);
  app.add_option("--thread", selection.threads, "Only threads with this name or number, or \"main\"")
      ->type_name("TEXT")
      ->group(group);
  app.add_option_function<std::string>(
         "--domain",
         [&selection](const std::string& text) {
           const auto mask = parse_domains(text);
           if (!mask) throw CLI::ValidationError("--domain", with_domain_names("expected a list of ").data());
           selection.domains = *mask;
         },
         with_domain_names("Only these domains, separated by commas: ").data())
      ->type_name("LIST")
      ->group(group);
}

}  // namespace

void add_report_flags(CLI::App& app, ReportQuery& query, OutputOptions& output, const ReportFlags& flags) {
  app.add_option("profile", query.paths, "Profiles of one or more runs")->required()->type_name("FILE");
  if (flags.json) app.add_flag("--json", output.json, "Print raw numbers as JSON");
  if (flags.top) add_limit(app, "--top", output.top, "Show at most N entries; 0: all");
  if (flags.depth) add_limit(app, "--depth", output.depth, "Show at most N frames of each stack; 0: all");
  if (flags.at) {
    app.add_option_function<std::string>(
           "--at",
           [&query, worst = flags.worst](const std::string& text) {
             query.at = parse_moment(text);
             if (query.at.kind == MomentKind::kWorst && !worst) throw usage_error(kWorstIsOfPools);
           },
           flags.worst
               ? "The moment: end (default), peak, worst (most bytes held but unused), exit, the name of a mark, or a "
                 "time after the start, such as 12.5s"
               : "The moment: end (default), peak, exit, the name of a mark, or a time after the start, such as 12.5s")
        ->type_name("MOMENT");
  }
  if (flags.filters) add_filters(app, query.selection);
  if (flags.stacks) {
    app.add_flag("--internals", query.selection.internals, "Include native frames of the interpreter and the loader");
  }
}

}  // namespace cistern::analyzer
