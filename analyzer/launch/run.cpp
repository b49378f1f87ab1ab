#include "analyzer/launch/run.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <system_error>
#include <thread>

#include "analyzer/launch/environment.h"
#include "analyzer/launch/option_text.h"
#include "analyzer/launch/output_path.h"
#include "analyzer/launch/preload_library.h"
#include "analyzer/launch/program_file.h"
#include "analyzer/launch/run_failure.h"
#include "analyzer/live/coarse_clock_ticker.h"
#include "analyzer/live/image_list.h"
#include "analyzer/live/image_tree.h"
#include "analyzer/live/packing_thread.h"

namespace cistern::analyzer {
namespace {

uint64_t nanoseconds_since(std::chrono::steady_clock::time_point begin) {
  const auto elapsed = std::chrono::steady_clock::now() - begin;
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(elapsed).count());
}

// Destroys the packing thread's object in the background: it holds the last descriptors of the windows, and the kernel
// takes milliseconds to release their disk space.
class BackgroundClose {
 public:
  explicit BackgroundClose(std::unique_ptr<PackingThread>& packing) {
    if (packing == nullptr) return;
    try {
      thread_ = std::thread([&packing] { packing.reset(); });
    } catch (const std::system_error&) {  // no thread could be started
      packing.reset();
    }
  }
  ~BackgroundClose() {
    if (thread_.joinable()) thread_.join();
  }
  BackgroundClose(const BackgroundClose&) = delete;
  BackgroundClose& operator=(const BackgroundClose&) = delete;

 private:
  std::thread thread_;
};

// The images that reported, and those that could not, for example in a container with its own /tmp. Requires:
// check_output() found no profile before the run.
std::vector<ListedImage> all_images(const ImageList& listed, const std::string& output) {
  std::vector<ListedImage> images = listed.read();
  const auto first = output.back() == '/' ? std::nullopt : fixed_path(output);
  if (!first || !std::filesystem::exists(*first)) return images;
  for (ListedImage& image : ImageTree(*first).read()) {
    const bool known =
        std::any_of(images.begin(), images.end(), [&](const ListedImage& one) { return one.profile == image.profile; });
    if (!known) images.push_back(std::move(image));
  }
  return images;
}

RecordedRun record(const RunRequest& request, const char* invoked) {
  RecordedRun run;
  run.facts.directory = working_directory();
  run.facts.invoked = invoked;
  const std::string library = find_preload_library(request.preload_library);
  OptionText options = compose_options(variable(kOptionsVariable), request.settings, run.facts.directory);
  run.facts.follow = options.follow;
  run.facts.ring = options.ring;
  check_output(options.output, options.force);
  const std::string program = find_program(request.command[0]);
  if (!request.wrapper) check_program(program, library);

  const ImageList images;
  // Two programs started by a shell may both be the first Python of the run: the second must not overwrite the profile
  // of the first.
  if (options.force && remove_profile(options.output)) options.text += " force=off";
  const std::vector<std::string> environment =
      environment_with({{kPreloadVariable, preload_value(library, variable(kPreloadVariable))},
                        {kOptionsVariable, options.text},
                        {kRunVariable, images.path()}});
  const auto begin = std::chrono::steady_clock::now();
  std::unique_ptr<PackingThread> packing;
  std::unique_ptr<CoarseClockTicker> ticker;
  const bool packs = options.ring == RingMode::kDrain || options.ring == RingMode::kSnapshot;
  run.child = run_child(program, request.command, environment, [&] {
    ticker = std::make_unique<CoarseClockTicker>(images);
    if (packs) packing = std::make_unique<PackingThread>(images, options.ring);
  });
  run.facts.duration_ns = nanoseconds_since(begin);

  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes then is an error of write()
  ticker.reset();
  if (packing != nullptr) packing->stop();
  {
    const BackgroundClose close(packing);
    run.collected = collect(all_images(images, options.output), run.child, options.ring);
    if (request.symbols) add_symbols(run.collected);
  }
  if (request.verbose || isatty(STDERR_FILENO) == 1)
    std::fputs(closing_lines(run.collected, run.facts).c_str(), stderr);
  return run;
}

}  // namespace

RecordedRun record_program(const RunRequest& request, const char* invoked) {
  try {
    return record(request, invoked);
  } catch (const Failure& failure) {
    throw as_run_failure(failure);
  } catch (const std::exception& error) {
    throw run_failure("run", error.what());
  }
}

int run_program(int count, char** arguments, const char* invoked) {
  const RunRequest request = parse_run_request(count, arguments);
  if (request.help) {
    std::fputs(run_help().c_str(), stdout);
    return 0;
  }
  return exit_code_of(record_program(request, invoked).child.status);
}

}  // namespace cistern::analyzer
