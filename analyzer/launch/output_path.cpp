#include "analyzer/launch/output_path.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "analyzer/launch/run_failure.h"
#include "analyzer/read/image_liveness.h"
#include "analyzer/write/descriptor.h"
#include "cistern/format/checksum.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

std::string escaped(const std::string& literal) {
  std::string out;
  for (char c : literal) out.append(c == '%' ? 2 : 1, c);
  return out;
}

bool is_directory(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

void remove_images(const fs::path& directory) {
  std::error_code ignored;
  for (fs::directory_iterator at(directory, ignored), end; !ignored && at != end; at.increment(ignored)) {
    std::error_code kept;
    if (is_image_file(at->path().filename().string())) fs::remove(at->path(), kept);
  }
  fs::remove(directory, ignored);  // only when it is empty
}

}  // namespace

void check_placeholders(const std::string& output) {
  for (size_t at = output.find('%'); at != std::string::npos; at = output.find('%', at + 2)) {
    const std::string part = output.substr(at, 2);
    if (part != "%p" && part != "%h" && part != "%t" && part != "%%") {
      throw run_failure(output, "unknown placeholder '" + part +
                                    "' (use %p for the pid, %h the host, %t the start time, %% a percent sign)");
    }
  }
}

void check_directory(const std::string& directory) {
  if (!is_directory(directory)) {
    throw run_failure(directory, access(directory.c_str(), F_OK) == 0 ? ENOTDIR : errno);
  }
  if (access(directory.c_str(), W_OK | X_OK) != 0) throw run_failure(directory, errno);
}

std::string absolute_output(const std::string& output, const std::string& directory) {
  if (output.empty()) return escaped(directory) + "/";
  std::string path = output[0] == '/' ? output : escaped(directory) + "/" + output;
  const auto fixed = fixed_path(path);
  if (fixed && path.back() != '/' && is_directory(*fixed)) path += '/';
  return path;
}

std::optional<std::string> fixed_path(const std::string& output) {
  std::string path;
  for (size_t at = 0; at < output.size(); ++at) {
    if (output[at] == '%' && (at + 1 == output.size() || output[++at] != '%')) return std::nullopt;
    path += output[at];
  }
  return path;
}

void check_output(const std::string& output, bool force) {
  check_placeholders(output);
  const auto directory = fixed_path(output.substr(0, output.rfind('/') + 1));
  if (directory) check_directory(*directory);
  if (output.back() == '/') return;
  const auto path = fixed_path(output);
  struct stat status;
  if (!path || lstat(path->c_str(), &status) != 0) return;
  if (!force) throw run_failure(*path, "already exists (-f overwrites it)");
  if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) throw run_failure(*path, "not a regular file");
}

bool is_recorded_to(const std::string& profile) {
  std::error_code ignored;
  if (!fs::is_regular_file(profile, ignored) || access(profile.c_str(), R_OK) != 0) return false;
  const auto header = Descriptor(profile, O_RDONLY | O_NONBLOCK).value_at<ProfileHeader>(0);
  if (header.checksum != checksum_of(header)) return false;
  return liveness_of(profile, header) == Liveness::kRuns;
}

bool remove_profile(const std::string& output) {
  const auto path = output.back() == '/' ? std::nullopt : fixed_path(output);
  if (!path) return false;
  if (is_recorded_to(*path)) throw run_failure(*path, "a running process records to it (choose another name)");
  remove_profile_at(*path);
  return true;
}

void remove_profile_at(const std::string& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) throw run_failure(path, error.value());
  remove_images(path + ".d");
}

}  // namespace cistern::analyzer
