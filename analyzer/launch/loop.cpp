#include "analyzer/launch/loop.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>

#include "analyzer/launch/loop_driver.h"
#include "analyzer/launch/run_failure.h"
#include "analyzer/read/profile.h"
#include "cistern/format/options.h"

namespace cistern::analyzer {
namespace {

constexpr uint64_t kMinWarmUp = 10;

// The module, and the path of the function in it.
std::pair<std::string, std::string> parts_of(const std::string& target) {
  const size_t colon = target.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == target.size()) {
    throw usage_error(target + ": not a function (write package.module:function)");
  }
  return {target.substr(0, colon), target.substr(colon + 1)};
}

bool output_is_given(const std::vector<Setting>& settings) {
  Options inherited;
  const char* const text = std::getenv(kOptionsVariable);
  if (text != nullptr) parse_options(text, inherited);
  return !inherited.output.empty() || std::any_of(settings.begin(), settings.end(),
                                                  [](const Setting& setting) { return setting.first == "output"; });
}

std::string default_output(const std::string& target) {
  std::string name;
  for (const char c : target) name += c == ':' || c == '/' ? '.' : c;
  for (size_t at = name.find('%'); at != std::string::npos; at = name.find('%', at + 2)) name.insert(at, 1, '%');
  return "cistern." + name + ".%p.cistern";
}

uint64_t marks_in(const std::string& path) {
  const Profile profile = open_profile(path);
  const auto& marks = profile.images.front().process_events.marks;
  return static_cast<uint64_t>(
      std::count_if(marks.begin(), marks.end(), [](const MarkRecord& mark) { return mark.name == kLoopMark; }));
}

void check_end(const LoopRequest& request, const RecordedRun& run) {
  const int status = run.child.status;
  if (WIFSIGNALED(status)) {
    throw Failure(ExitCode(exit_code_of(status)),
                  fmt::format("{}: killed by signal {} (nothing was checked)", request.target, WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) == 0) return;
  throw run_failure(request.target, fmt::format("not all calls were made: the program ended with exit code {} "
                                                "(nothing was checked)",
                                                WEXITSTATUS(status)));
}

void check_marks(const LoopRequest& request, const std::string& profile) {
  const uint64_t marks = marks_in(profile);
  if (marks == request.times + 1) return;
  throw run_failure(request.target, fmt::format("not all calls were made: the program ended after {} of {} calls "
                                                "(nothing was checked)",
                                                marks == 0 ? 0 : marks - 1, request.times));
}

}  // namespace

std::vector<std::string> loop_command(const LoopRequest& request) {
  const auto [module, path] = parts_of(request.target);
  const uint64_t warm_up = request.warm_up.value_or(std::max(request.times / 10, kMinWarmUp));
  std::vector<std::string> command = {
      request.python,          "-c",     kLoopDriver, module, path, std::to_string(request.times),
      std::to_string(warm_up), kLoopMark};
  command.insert(command.end(), request.arguments.begin(), request.arguments.end());
  return command;
}

std::string record_loop(LoopRequest request, const char* invoked) {
  request.run.command = loop_command(request);
  if (!output_is_given(request.run.settings)) {
    request.run.settings.emplace_back("output", default_output(request.target));
  }
  const RecordedRun run = record_program(request.run, invoked);
  check_end(request, run);
  if (run.collected.profile.empty()) throw run_failure(request.target, "nothing was recorded");
  check_marks(request, run.collected.profile);
  return shown_path(run.collected.profile, run.facts.directory);
}

}  // namespace cistern::analyzer
