#include "analyzer/write/symbolize.h"

#include <fmt/format.h>
#include <signal.h>

#include <filesystem>

#include "analyzer/read/file_bytes.h"
#include "analyzer/read/profile_header.h"
#include "analyzer/read/image_paths.h"
#include "analyzer/write/packing.h"
#include "analyzer/write/process_liveness.h"
#include "analyzer/write/profile_tree.h"
#include "analyzer/write/symbol_writer.h"
#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/progress_bar.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

// What a killed process, or a killed `cistern run`, left beside the profile becomes part of it.
void make_whole(const std::string& profile) {
  const ProfileHeader header = sound_header_of(profile);
  if (process_lives(header.image.pid, header.image.start_ticks)) {
    throw unreadable(profile, fmt::format("process {} still writes to it", header.image.pid));
  }
  const std::string window = window_of(profile, header);
  const std::string packed = packed_of(profile, header);
  std::error_code ignored;
  if (fs::exists(packed, ignored)) {
    if (finalize_and_pack(profile, window, packed, std::nullopt)) return;
    throw unreadable(profile, "is damaged; it was left as it is");
  }
  if (!window.empty()) finalize(profile, window, std::nullopt);
}

std::string text_of(const SymbolCounts& counts) {
  if (counts.addresses == 0) return "no native frames";
  const uint64_t unknown = counts.addresses - counts.lines - counts.functions;
  return fmt::format("{}: {} with file and line, {} with the function only, {} unknown; {} new",
                     plural(counts.addresses, "native place"), format_count(counts.lines),
                     format_count(counts.functions), format_count(unknown), format_count(counts.added));
}

std::string_view reason_of(ModuleState state) {
  switch (state) {
    case ModuleState::kOtherBuild:
      return "is not the build that was recorded: its functions have no names";
    case ModuleState::kUnreadable:
      return "is no ELF file that can be read";
    case ModuleState::kAbsent:
    case ModuleState::kUsed:
      break;
  }
  return "is not on this machine";
}

}  // namespace

ExitCode symbolize_profiles(const SymbolizeOptions& options) {
  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an error, not our death
  Symbolizer symbolizer({.debuginfod = true});
  for (const std::string& path : options.paths) {
    SymbolCounts counts;
    {
      ProgressBar progress;
      for (const std::string& profile : profiles_of(path)) {
        make_whole(profile);
        counts.add(add_symbols(profile, symbolizer, SymbolWriting::kReplace, &progress));
      }
    }
    std::error_code ignored;
    fs::remove(path + ".d", ignored);  // only when it is empty
    fmt::print("{}: {}\n", printable(path), text_of(counts));
  }
  for (const Symbolizer::Problem& problem : symbolizer.problems()) {
    fmt::print(stderr, "cistern: {} {}\n", printable(problem.path), reason_of(problem.state));
  }
  return ExitCode::kDone;
}

}  // namespace cistern::analyzer
