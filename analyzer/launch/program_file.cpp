#include "analyzer/launch/program_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <optional>

#include "analyzer/launch/elf_program.h"
#include "analyzer/launch/run_failure.h"

namespace cistern::analyzer {
namespace {

constexpr int kMaxInterpreters = 5;  // the kernel's limit of scripts that are interpreted by scripts
constexpr uint64_t kShebangBytes = 256;

bool is_regular(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

std::string search_path() {
  const char* path = std::getenv("PATH");
  return path != nullptr ? path : "/bin:/usr/bin";
}

Failure cannot_execute(const std::string& path, const std::string& why) {
  return {kCannotExecute, path + ": cannot be executed: " + why};
}

// A script that the user may have meant to run with Python.
std::string how_to_run(const std::string& path) {
  return path.ends_with(".py") ? fmt::format(" (run it by: cistern run python3 {})", path) : std::string();
}

void check_executable(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) {
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) throw Failure(kProgramNotFound, path + ": no such program");
    throw cannot_execute(path, error_text(error));
  }
  if (S_ISDIR(status.st_mode)) throw cannot_execute(path, "is a directory");
  if (access(path.c_str(), X_OK) != 0) throw cannot_execute(path, error_text(errno) + how_to_run(path));
}

// The interpreter of a script, or nothing when the file does not begin with #!.
std::optional<std::string> interpreter_of(const Descriptor& file) {
  char line[kShebangBytes];
  const std::string_view text(line, file.read_at(0, line, sizeof line));
  if (text.substr(0, 2) != "#!") return std::nullopt;
  const std::string_view first = text.substr(2, text.find('\n') - 2);
  const size_t begin = first.find_first_not_of(" \t");
  if (begin == std::string_view::npos) throw cannot_execute(file.path(), "names no interpreter after #!");
  return std::string(first.substr(begin, first.find_first_of(" \t\r", begin) - begin));
}

void check_elf(const Descriptor& file, const std::string& script, const std::string& library) {
  const ElfProgram program = read_elf(file);
  const std::string subject = script == file.path() ? script : script + " (run by " + file.path() + ")";
  if (!program.elf) throw cannot_execute(subject, "neither an ELF program nor a script with #!");
  const std::string obstacle = preload_obstacle(file, program, read_elf(Descriptor(library, O_RDONLY)));
  if (!obstacle.empty()) {
    throw run_failure(subject, obstacle + " (if it only starts the program to record, add --wrapper)");
  }
}

}  // namespace

std::string find_program(const std::string& name) {
  if (name.empty()) throw Failure(kProgramNotFound, "'': no such program");
  if (name.find('/') != std::string::npos) {
    check_executable(name);
    return name;
  }
  const std::string path = search_path();
  std::string refused;
  for (size_t at = 0; at <= path.size();) {
    const size_t colon = std::min(path.find(':', at), path.size());
    const std::string directory = path.substr(at, colon - at);
    const std::string candidate = (directory.empty() ? "." : directory) + "/" + name;
    if (is_regular(candidate)) {
      if (access(candidate.c_str(), X_OK) == 0) return candidate;
      if (refused.empty()) refused = candidate;
    }
    at = colon + 1;
  }
  if (!refused.empty()) check_executable(refused);
  throw Failure(kProgramNotFound, name + ": no such program in PATH" + (is_regular(name) ? how_to_run(name) : ""));
}

void check_program(const std::string& path, const std::string& library) {
  std::string at = path;
  for (int depth = 0; depth <= kMaxInterpreters; ++depth) {
    if (access(at.c_str(), R_OK) != 0) return;  // executable but not readable
    const Descriptor file(at, O_RDONLY);
    const auto interpreter = interpreter_of(file);
    if (!interpreter) return check_elf(file, path, library);
    if (access(interpreter->c_str(), X_OK) != 0) {
      throw cannot_execute(path, "its interpreter " + *interpreter + ": " + error_text(errno));
    }
    at = *interpreter;
  }
  throw cannot_execute(path, "too many levels of scripts as interpreters");
}

}  // namespace cistern::analyzer
