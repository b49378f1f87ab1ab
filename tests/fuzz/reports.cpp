#include "tests/fuzz/reports.h"

#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>

#include "analyzer/check/check.h"
#include "analyzer/read/failure.h"
#include "analyzer/render/export/export.h"
#include "analyzer/render/text/dump_text.h"
#include "analyzer/render/text/leaks_text.h"
#include "analyzer/render/text/lines_text.h"
#include "analyzer/render/text/peak_text.h"
#include "analyzer/render/text/summary_text.h"
#include "analyzer/render/text/temporary_text.h"
#include "analyzer/render/text/timeline_text.h"
#include "analyzer/render/text/tree_text.h"
#include "analyzer/results/pools_result.h"
#include "tests/fuzz/captured_output.h"
#include "tests/fuzz/fuzz_target.h"

namespace cistern::fuzz {
namespace {

using namespace analyzer;

// The switches of an input: bit 0 JSON, bit 1 the command's other way, bits 2–4 the moment, bit 5 all of it.
struct Request {
  uint8_t switches = 0;
  ReportOptions report;

  bool other_way() const { return (switches & 2) != 0; }
};

constexpr const char* kMoments[] = {"end", "peak", "exit", "0.000001s", "m", "m:1", "3600m", "0s"};

Request request_of(uint8_t switches, const std::string& path) {
  Request request{switches, {}};
  request.report.query.paths = {path};
  request.report.output.json = (switches & 1) != 0;
  request.report.query.at = parse_moment(kMoments[switches >> 2 & 7]);
  if ((switches & 32) != 0) request.report.output.top = request.report.output.depth = 0;
  return request;
}

void summary(const Request& request) {
  report_summary(request.report);
}
void leaks(const Request& request) {
  LeaksOptions options;
  options.report = request.report;
  options.all = request.other_way();
  if (options.all && (request.switches & 64) != 0) options.warm_up = parse_moment("0.000002s");
  report_leaks(options);
}
void pools(const Request& request) {
  PoolsOptions options;
  options.report = request.report;
  options.map = request.other_way();
  if ((request.switches & 64) != 0) options.by = (request.switches & 128) != 0 ? GroupBy::kFunction : GroupBy::kLine;
  if ((request.switches & 28) == 28) options.report.query.at = parse_moment("worst");
  report_pools(options);
}
void tree(const Request& request) {
  TreeOptions options;
  options.report = request.report;
  if (request.other_way()) options.min_share_percent = 0;
  report_tree(options);
}
void lines(const Request& request) {
  LinesOptions options;
  options.report = request.report;
  options.file = request.other_way() ? "b.py" : "app.py";
  report_lines(options);
}
void timeline(const Request& request) {
  TimelineOptions options;
  options.report = request.report;
  options.csv = request.other_way();
  report_timeline(options);
}
void dump(const Request& request) {
  DumpOptions options;
  options.paths = request.report.query.paths;
  options.segments = request.other_way();
  options.records = (request.switches & 4) != 0;
  options.events = (request.switches & 8) != 0;
  if ((request.switches & 16) != 0) options.stream_id = 1;
  report_dump(options);
}
void check(const Request& request) {
  CheckOptions options;
  options.report = request.report;
  options.report.query.at = {};
  if (request.other_way()) options.max_held = options.max_peak = SizeLimit{0, "0"};
  options.require_clean_exit = (request.switches & 64) != 0;
  report_check(options);
}
void collapsed(const Request& request) {
  ExportOptions options;
  options.report = request.report;
  options.report.output.json = false;
  options.blocks = request.other_way();
  options.what = (request.switches & 64) != 0 ? Measure::kTotal : Measure::kPeak;
  export_profiles(options);
}
void peak(const Request& request) {
  report_peak(request.report);
}
void temporary(const Request& request) {
  TemporaryOptions options;
  options.report = request.report;
  options.threshold = request.other_way() ? 3 : 1;
  report_temporary(options);
}
void filtered(const Request& request) {
  LeaksOptions options;
  options.report = request.report;
  options.all = true;
  options.report.query.selection.functions = {"*a*"};
  options.report.query.selection.files = {"py"};
  if (request.other_way()) options.report.query.selection.threads = {"main"};
  report_leaks(options);
}

using Command = void (*)(const Request&);
constexpr Command kCommands[] = {summary, leaks, pools,     tree, lines,     timeline,
                                 dump,    check, collapsed, peak, temporary, filtered};

void check_output(const Request& request, Command command, std::string_view text) {
  require(is_plain_text(text), "the output is plain text");
  const bool json = request.report.output.json && command != dump && command != collapsed && !text.empty() &&
                    !(command == timeline && request.other_way());
  if (json) require(nlohmann::json::accept(text), "the output is JSON");
}

}  // namespace

void run_report(uint8_t selector, uint8_t switches, const std::string& path) {
  const Request request = request_of(switches, path);
  const Command command = kCommands[selector % std::size(kCommands)];
  CapturedOutput captured;
  bool complete = true;
  try {
    command(request);
  } catch (const Failure& failure) {
    complete = false;
    require(failure.code() != ExitCode::kInternal, "no profile makes the analyzer fail");
  }
  const std::string_view out = captured.out.text();
  const std::string_view error = captured.error.text();
  require(is_plain_text(error), "what is said on standard error is plain text");
  if (complete) check_output(request, command, out);
}

}  // namespace cistern::fuzz
