#include <fmt/format.h>
#include <signal.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "analyzer/read/image_paths.h"
#include "analyzer/write/packed_file.h"
#include "analyzer/write/packing.h"
#include "analyzer/write/process_liveness.h"
#include "analyzer/write/profile_tree.h"
#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/progress_bar.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

void remove_tree(const std::string& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
  fs::remove_all(path + ".d", ignored);
}

void copy_tree(const std::string& from, const std::string& to) {
  std::error_code error;
  if (fs::exists(to, error)) throw unreadable(to, "exists already");
  fs::copy_file(from, to, error);
  if (!error && fs::is_directory(from + ".d")) fs::copy(from + ".d", to + ".d", fs::copy_options::recursive, error);
  if (!error) return;
  remove_tree(to);
  throw unreadable(to, error.message());
}

uint64_t size_of(const std::string& profile) {
  std::error_code error;
  const auto size = fs::file_size(profile, error);
  return error ? 0 : size;
}

void pack_image(const std::string& profile, const PackOptions& options, Progress& progress) {
  const ProfileHeader header = sound_header_of(profile);
  if (process_lives(header.image.pid, header.image.start_ticks)) {
    throw unreadable(profile, fmt::format("process {} still writes to it", header.image.pid));
  }
  const std::string window = window_of(profile, header);
  const std::string packed = packed_of(profile, header);
  bool done = options.snapshot ? finalize_as_snapshot(profile, window, packed, std::nullopt).has_value()
                                : finalize_and_pack(profile, window, packed, std::nullopt, false, &progress).has_value();
  if (done && options.plain) {
    progress.expect(size_of(profile));
    done = finalize_and_pack(profile, {}, packed, std::nullopt, true, &progress).has_value();
  }
  if (!done) throw unreadable(profile, "is damaged; it was left as it is");
}

uint64_t size_of(const std::vector<std::string>& profiles) {
  uint64_t sum = 0;
  for (const std::string& profile : profiles) sum += size_of(profile);
  return sum;
}

}  // namespace

ExitCode pack_profiles(const PackOptions& options) {
  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an error, not our death
  for (const std::string& path : options.paths) {
    if (!options.output.empty()) {
      sound_header_of(path);
      copy_tree(path, options.output);
    }
    const std::string target = options.output.empty() ? path : options.output;
    const std::vector<std::string> profiles = profiles_of(target);
    const uint64_t before = size_of(profiles);
    {
      ProgressBar progress;
      progress.expect(before);
      for (const std::string& profile : profiles) pack_image(profile, options, progress);
    }
    std::error_code ignored;
    fs::remove(target + ".d", ignored);  // only when it is empty
    fmt::print("{}: {} → {}\n", printable(target), format_bytes(before), format_bytes(size_of(profiles)));
  }
  return ExitCode::kDone;
}

}  // namespace cistern::analyzer
