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
#include "analyzer/write/pack_profile.h"

namespace cistern::analyzer {
namespace {

struct PackOptions {
  std::vector<std::string> paths;
  std::string output;
  bool plain = false;
  bool snapshot = false;

  PackMode mode() const { return plain ? PackMode::kUnpack : snapshot ? PackMode::kSnapshot : PackMode::kPack; }
};

PackedProfile pack_with_progress_bar(const std::string& path, const PackOptions& options) {
  ProgressBar progress;
  return pack_profile(path, options.output, options.mode(), progress);
}

void pack(const PackOptions& options) {
  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes then is an error of write()
  for (const std::string& path : options.paths) {
    const PackedProfile packed = pack_with_progress_bar(path, options);
    fmt::print("{}: {} → {}\n", printable(packed.path), format_bytes(packed.before_bytes),
               format_bytes(packed.after_bytes));
  }
}

}  // namespace

void set_up_pack(CLI::App& app, int& exit_code) {
  const auto options = std::make_shared<PackOptions>();
  app.add_option("profile", options->paths, "Profiles of programs that have ended, child processes included")
      ->required()
      ->type_name("FILE");
  app.add_option("-o,--output", options->output, "Write a packed copy and leave the profile unchanged")
      ->type_name("PATH");
  app.add_flag("--plain", options->plain, "Unpack: restore the profile that --ring spill writes");
  CLI::Option* const plain = app.get_option("--plain");
  app.add_flag("--snapshot", options->snapshot,
               "Replace the events by a snapshot, as run --ring snapshot does: leaks, pools, peak, lines, tree and "
               "summary keep their figures; single events are gone")
      ->excludes(plain);
  app.callback([options, &exit_code] {
    if (!options->output.empty() && options->paths.size() > 1) throw usage_error("--output: takes only one profile");
    pack(*options);
    exit_code = static_cast<int>(ExitCode::kDone);
  });
}

}  // namespace cistern::analyzer
