#include "analyzer/read/python_program.h"

#include <cstdlib>
#include <filesystem>
#include <string_view>

#include "analyzer/read/failure.h"
#include "analyzer/read/file_bytes.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

constexpr int kMostInterpreters = 4;  // a script's interpreter may be a script

bool names_python(std::string_view text) {
  return text.find("python") != std::string_view::npos || text.find("pypy") != std::string_view::npos;
}

std::string in_path(const std::string& name) {
  const char* const variable = std::getenv("PATH");
  std::string_view rest = variable == nullptr ? "/usr/bin:/bin" : variable;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    const fs::path path = fs::path(rest.substr(0, end)) / name;
    std::error_code ignored;
    if (fs::is_regular_file(path, ignored)) return path.string();
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return name;
}

std::string full_path(const std::string& path, const std::string& directory) {
  if (path.find('/') == std::string::npos) return in_path(path);
  return path.front() == '/' ? path : (fs::path(directory) / path).string();
}

HasPython in_file(const std::string& path, int interpreters);

// The interpreter of a script, or what `env` looks up.
HasPython in_script(std::string_view text, int interpreters) {
  std::string_view line = text.substr(2, std::min(text.find('\n'), size_t{256}) - 2);
  if (names_python(line)) return HasPython::kYes;
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  const std::string interpreter(line.substr(0, line.find_first_of(" \t\r")));
  return interpreters == 0 ? HasPython::kUnknown : in_file(interpreter, interpreters - 1);
}

HasPython in_file(const std::string& path, int interpreters) {
  try {
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) return HasPython::kUnknown;
    const FileBytes file(path);
    const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    if (text.starts_with("#!")) return in_script(text, interpreters);
    if (!text.starts_with("\x7f"
                          "ELF"))
      return HasPython::kUnknown;
    const bool python = text.find("Py_Initialize") != std::string_view::npos ||
                        text.find("libpython") != std::string_view::npos ||
                        text.find("libpypy") != std::string_view::npos;
    return python ? HasPython::kYes : HasPython::kNo;
  } catch (const Failure&) {
    return HasPython::kUnknown;
  }
}

}  // namespace

HasPython has_python(const std::string& path, const std::string& directory) {
  if (path.empty()) return HasPython::kUnknown;
  const HasPython found = in_file(full_path(path, directory), kMostInterpreters);
  if (found != HasPython::kUnknown) return found;
  return names_python(fs::path(path).filename().string()) ? HasPython::kYes : HasPython::kUnknown;
}

}  // namespace cistern::analyzer
