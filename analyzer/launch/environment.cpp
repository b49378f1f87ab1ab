#include "analyzer/launch/environment.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "analyzer/launch/run_failure.h"
#include "cistern/format/options.h"

namespace cistern::analyzer {
namespace {

bool is_variable(const std::string& entry, const std::string& name) {
  return entry.compare(0, name.size(), name) == 0 && entry.size() > name.size() && entry[name.size()] == '=';
}

}  // namespace

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string working_directory() {
  std::error_code error;
  const std::string directory = std::filesystem::current_path(error).string();
  if (error) throw run_failure("working directory", error.value());
  return directory;
}

std::vector<std::string> environment_with(const std::vector<Setting>& changes) {
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    bool changed = is_variable(*entry, kSessionVariable);
    for (const auto& [name, value] : changes) changed |= is_variable(*entry, name);
    if (!changed) environment.emplace_back(*entry);
  }
  for (const auto& [name, value] : changes) {
    if (!value.empty()) environment.push_back(name + "=" + value);
  }
  return environment;
}

std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> out;
  for (const std::string& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace cistern::analyzer
