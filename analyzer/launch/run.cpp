#include "analyzer/launch/run.h"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>
#include <thread>

#include "analyzer/live/drain.h"
#include "analyzer/live/coarse_clock_ticker.h"
#include "analyzer/live/image_list.h"
#include "analyzer/launch/option_text.h"
#include "analyzer/launch/output_path.h"
#include "analyzer/launch/preload_library.h"
#include "analyzer/launch/program_file.h"
#include "analyzer/write/run_failure.h"
#include "analyzer/write/symbol_writer.h"

namespace cistern::analyzer {
namespace {

constexpr char kPreloadVariable[] = "LD_PRELOAD";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string working_directory() {
  std::error_code error;
  const std::string directory = std::filesystem::current_path(error).string();
  if (error) throw run_failure("working directory", error.message());
  return directory;
}

bool is_variable(const std::string& entry, const std::string& name) {
  return entry.compare(0, name.size(), name) == 0 && entry.size() > name.size() && entry[name.size()] == '=';
}

// The environment without the session of a recorded run that we may be part of: its images are none of ours.
std::vector<std::string> environment_with(const std::vector<Setting>& changes) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    bool changed = is_variable(*entry, kSessionVariable);
    for (const auto& [name, value] : changes) changed |= is_variable(*entry, name);
    if (!changed) environment.emplace_back(*entry);
  }
  for (const auto& [name, value] : changes) environment.push_back(name + "=" + value);
  return environment;
}

uint64_t nanoseconds_since(std::chrono::steady_clock::time_point begin) {
  const auto elapsed = std::chrono::steady_clock::now() - begin;
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count());
}

// Closes what the drain has open while something else goes on: it is the last to let go of the windows, whose disk
// space the kernel gives back meanwhile, which takes milliseconds.
class Disposal {
 public:
  explicit Disposal(std::unique_ptr<Drain>& drain) {
    if (drain == nullptr) return;
    try {
      thread_ = std::thread([&drain] { drain.reset(); });
    } catch (const std::system_error&) {  // no thread to be had
      drain.reset();
    }
  }
  ~Disposal() {
    if (thread_.joinable()) thread_.join();
  }
  Disposal(const Disposal&) = delete;
  Disposal& operator=(const Disposal&) = delete;

 private:
  std::thread thread_;
};

// A profile without names is as good as before: reports look for them.
void add_symbols(CollectedRun& collected) {
  Symbolizer symbolizer;
  for (const std::string& profile : collected.finalized) {
    try {
      collected.size_bytes += add_symbols(profile, symbolizer).written_bytes;
    } catch (const Failure& failure) {
      collected.problems.emplace_back(failure.what());
    }
  }
}

int run_checked(int count, char** arguments, const char* invoked) {
  const RunRequest request = parse_run_request(count, arguments);
  if (request.help) {
    std::fputs(run_help().c_str(), stdout);
    return 0;
  }
  return exit_code_of(record_program(request, invoked).child.status);
}

}  // namespace

RecordedRun record_program(const RunRequest& request, const char* invoked) {
  RecordedRun run;
  run.facts.directory = working_directory();
  run.facts.invoked = invoked;
  const std::string library = find_preload_library(request.preload_library);
  OptionText options = compose_options(variable(kOptionsVariable), request.settings, run.facts.directory);
  run.facts.follow = options.follow;
  check_output(options.output, options.force);
  const std::string program = find_program(request.command[0]);
  if (!request.wrapper) check_program(program, library);

  const ImageList images;
  // Several programs below a shell may be the first to have Python: the second must not overwrite the first's profile.
  if (options.force && remove_profile(options.output)) options.text += " force=off";
  const std::vector<std::string> environment =
      environment_with({{kPreloadVariable, preload_value(library, variable(kPreloadVariable))},
                        {kOptionsVariable, options.text},
                        {kRunVariable, images.path()}});
  const auto begin = std::chrono::steady_clock::now();
  std::unique_ptr<Drain> drain;
  std::unique_ptr<CoarseClockTicker> ticker;
  const bool draining = options.ring == RingMode::kDrain || options.ring == RingMode::kSnapshot;
  run.child = run_child(program, request.command, environment, [&] {
    ticker = std::make_unique<CoarseClockTicker>(images);
    if (draining) drain = std::make_unique<Drain>(images, options.ring);
  });
  run.facts.duration_ns = nanoseconds_since(begin);

  signal(SIGXFSZ, SIG_IGN);  // finalizing past a limit on file sizes is an error, not our death
  ticker.reset();
  if (drain != nullptr) drain->stop();
  {
    const Disposal disposal(drain);
    run.collected = collect(images.read(), run.child, options.ring);
    if (request.symbols) add_symbols(run.collected);
  }
  if (request.verbose || isatty(STDERR_FILENO) == 1) std::fputs(closing_lines(run.collected, run.facts).c_str(), stderr);
  return run;
}

int run_program(int count, char** arguments, const char* invoked) {
  try {
    return run_checked(count, arguments, invoked);
  } catch (const Failure&) {
    throw;
  } catch (const std::exception& error) {
    throw run_failure("run", error.what());
  }
}

}  // namespace cistern::analyzer
