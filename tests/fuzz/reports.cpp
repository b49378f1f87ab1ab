#include "tests/fuzz/reports.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/cli/command_line.h"
#include "analyzer/cli/commands.h"
#include "analyzer/read/failure.h"
#include "tests/fuzz/captured_output.h"
#include "tests/fuzz/fuzz_target.h"

namespace cistern::fuzz {
namespace {

using analyzer::ExitCode;
using analyzer::Failure;
using analyzer::run_command_line;

using Arguments = std::vector<std::string>;

// The switches of an input: bit 0 JSON, bit 1 the command's main option, bits 2–4 the moment, bit 5 no limits to lists,
// bits 6 and 7 other options.
struct Request {
  uint8_t switches = 0;
  std::string path;

  bool has(unsigned bit) const { return (switches >> bit & 1) != 0; }
  bool json() const { return has(0); }
  bool main_option() const { return has(1); }
};

constexpr const char* kMoments[] = {"end", "peak", "exit", "0.000001s", "m", "m:1", "3600m", "0s"};

Arguments operator+(Arguments left, const Arguments& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}
Arguments option_if(bool condition, const Arguments& option) {
  return condition ? option : Arguments{};
}
Arguments json(const Request& request) {
  return option_if(request.json(), {"--json"});
}
Arguments at(const Request& request) {
  return {"--at", kMoments[request.switches >> 2 & 7]};
}
Arguments top(const Request& request) {
  return option_if(request.has(5), {"--top=0"});
}
Arguments top_and_depth(const Request& request) {
  return option_if(request.has(5), {"--top=0", "--depth=0"});
}

Arguments summary(const Request& request) {
  return Arguments{"summary"} + json(request) + top(request);
}
Arguments leaks(const Request& request) {
  const bool all = request.main_option();
  return Arguments{"leaks"} + json(request) + top_and_depth(request) + at(request) + option_if(all, {"--all"}) +
         option_if(all && request.has(6), {"--warm-up", "0.000002s"});
}
Arguments pools(const Request& request) {
  const bool worst = (request.switches & 28) == 28;
  return Arguments{"pools"} + json(request) + top_and_depth(request) +
         (worst ? Arguments{"--at", "worst"} : at(request)) + option_if(request.main_option(), {"--map"}) +
         option_if(request.has(6), {"--by", request.has(7) ? "function" : "line"});
}
Arguments tree(const Request& request) {
  return Arguments{"tree"} + json(request) + top_and_depth(request) + at(request) +
         option_if(request.main_option(), {"--min-share=0"});
}
Arguments lines(const Request& request) {
  return Arguments{"lines", request.main_option() ? "b.py" : "app.py"} + json(request) + top(request) + at(request);
}
Arguments timeline(const Request& request) {
  return Arguments{"timeline"} + (request.main_option() ? Arguments{"--csv"} : json(request));
}
Arguments dump(const Request& request) {
  return Arguments{"dump"} + option_if(request.main_option(), {"--segments"}) +
         option_if(request.has(2), {"--records"}) + option_if(request.has(3), {"--events"}) +
         option_if(request.has(4), {"--stream=1"});
}
Arguments check(const Request& request) {
  return Arguments{"check"} + json(request) + top_and_depth(request) +
         option_if(request.main_option(), {"--max-held=0", "--max-peak=0"}) +
         option_if(request.has(6), {"--require-clean-exit"});
}
Arguments collapsed(const Request& request) {
  return Arguments{"export", "--format=collapsed", request.has(6) ? "--what=total" : "--what=peak"} + at(request) +
         option_if(request.main_option(), {"--blocks"});
}
Arguments peak(const Request& request) {
  return Arguments{"peak"} + json(request) + top_and_depth(request);
}
Arguments temporary(const Request& request) {
  return Arguments{"temporary"} + json(request) + top_and_depth(request) +
         option_if(request.main_option(), {"--threshold=3"});
}
Arguments filtered(const Request& request) {
  return Arguments{"leaks", "--all", "--function=*a*", "--file=py"} + json(request) + top_and_depth(request) +
         at(request) + option_if(request.main_option(), {"--thread=main"});
}

struct Fuzzed {
  const char* name;
  Arguments (*arguments)(const Request&);  // null: the shared options of a report
};
// The order is part of the meaning of stored inputs: append.
constexpr Fuzzed kCommandLines[] = {
    {"summary", summary},  {"leaks", leaks},       {"pools", pools},         {"tree", tree},
    {"lines", lines},      {"timeline", timeline}, {"dump", dump},           {"check", check},
    {"export", collapsed}, {"peak", peak},         {"temporary", temporary}, {"leaks", filtered},
};

// With the reports that are not listed.
std::vector<Fuzzed> all_command_lines() {
  std::vector<Fuzzed> all(std::begin(kCommandLines), std::end(kCommandLines));
  for (const analyzer::Command& command : analyzer::commands()) {
    const bool listed = std::any_of(all.begin(), all.end(),
                                    [&](const Fuzzed& one) { return std::string_view(one.name) == command.name; });
    if (command.group == analyzer::kReports && !listed) all.push_back({command.name, nullptr});
  }
  return all;
}

void check_output(const Request& request, std::string_view command, std::string_view text) {
  require(is_plain_text(text), "the output is plain text");
  const bool has_json = command != "dump" && command != "export" && !(command == "timeline" && request.main_option());
  if (request.json() && has_json && !text.empty()) require(nlohmann::json::accept(text), "the output is JSON");
}

}  // namespace

void run_report(uint8_t selector, uint8_t switches, const std::string& path) {
  const Request request{switches, path};
  static const std::vector<Fuzzed> kAll = all_command_lines();
  const Fuzzed& command = kAll[selector % kAll.size()];
  Arguments arguments =
      Arguments{"cistern"} +
      (command.arguments != nullptr ? command.arguments(request) : Arguments{command.name} + json(request)) +
      Arguments{path};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  CapturedOutput captured;
  bool complete = true;
  try {
    const int code = run_command_line(static_cast<int>(arguments.size()), argv.data());
    require(code != static_cast<int>(ExitCode::kUsage), "the command line is correct");
  } catch (const Failure& failure) {
    complete = false;
    require(failure.code() != ExitCode::kInternal, "no profile makes the analyzer fail");
  }
  const std::string_view out = captured.out.text();
  const std::string_view error = captured.error.text();
  require(is_plain_text(error), "what is said on standard error is plain text");
  if (complete) check_output(request, command.name, out);
}

}  // namespace cistern::fuzz
