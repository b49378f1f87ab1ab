#include "analyzer/launch/free_output.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>

#include "analyzer/launch/output_path.h"
#include "analyzer/launch/run_failure.h"
#include "analyzer/model/image_facts.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kMaxNumber = 100'000;

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "";
}

// "python3 -m package.module" is called package.module, "python3 app.py" app.
std::string name_of(const std::vector<std::string>& command) {
  std::string name = program_name(command);
  if (name.starts_with("-m ")) name.erase(0, 3);
  if (name.ends_with(" -c")) name = "command";
  if (name.ends_with(".py")) name.resize(name.size() - 3);
  for (char& c : name) {
    if (c <= ' ' || c == '/' || c == '%' || c == '\x7f') c = '_';
  }
  return name;
}

// As the recorder does it (preload/recorder/image_files.h).
std::string expanded(const std::string& output, const std::vector<std::string>& command) {
  std::string path;
  for (size_t at = 0; at < output.size(); ++at) {
    const char next = output[at] == '%' && at + 1 < output.size() ? output[at + 1] : '\0';
    if (next == 'p') path += std::to_string(getpid());
    if (next == 'h') path += host_name();
    if (next == 't') path += std::to_string(std::time(nullptr));
    if (next == '%') path += '%';
    if (next != '\0') {
      ++at;
    } else {
      path += output[at];
    }
  }
  if (path.back() == '/') {
    path += "cistern." + name_of(command) + "." + std::to_string(getpid()) + std::string(kProfileSuffix);
  }
  return path;
}

std::string numbered(const std::string& path, unsigned number) {
  if (number == 1) return path;
  const std::string suffix(kProfileSuffix);
  const std::string end = "-" + std::to_string(number) + suffix;
  return path.ends_with(suffix) ? path.substr(0, path.size() - suffix.size()) + end : path + end;
}

bool exists(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0;
}

}  // namespace

std::string reserve_output(const std::string& output, bool force, const std::vector<std::string>& command) {
  check_placeholders(output);
  const std::string path = expanded(output, command);
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  check_directory(directory);
  for (unsigned number = 1; number <= kMaxNumber; ++number) {
    const std::string candidate = numbered(path, number);
    if (force && exists(candidate) && !is_recorded_to(candidate)) remove_profile_at(candidate);
    if (exists(candidate)) continue;
    if (mkdir((candidate + ".d").c_str(), 0700) == 0) return candidate;
    if (errno != EEXIST) throw run_failure(directory, errno);
  }
  throw run_failure(path, "no number is free");
}

}  // namespace cistern::analyzer
