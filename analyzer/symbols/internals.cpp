#include "analyzer/symbols/internals.h"

#include <algorithm>

namespace cistern::analyzer {
namespace {

bool is_digit_or_dot(char c) {
  return (c >= '0' && c <= '9') || c == '.';
}

// python, python3, python3.11, python3.13t, python3.12-dbg.
bool is_python(std::string_view name) {
  if (!name.starts_with("python")) return false;
  name.remove_prefix(6);
  while (!name.empty() && is_digit_or_dot(name.front())) name.remove_prefix(1);
  return name.empty() || name == "t" || name == "d" || name == "-dbg";
}

}  // namespace

bool is_libc(std::string_view module_path) {
  const std::string_view name = module_path.substr(module_path.rfind('/') + 1);
  return name.starts_with("libc.so") || name.starts_with("libc-") || name.starts_with("libpthread");
}

bool begins_stacks(std::string_view function) {
  for (const std::string_view name : {"_start", "__libc_start_call_main", "start_thread", "clone3", "__clone3", "clone",
                                      "__clone", "__GI___clone3"}) {
    if (function == name) return true;
  }
  return function.starts_with("__libc_start_main");
}

bool is_internal(std::string_view module_path) {
  const std::string_view name = module_path.substr(module_path.rfind('/') + 1);
  if (is_python(name) || name.starts_with("libpython") || name == "libcistern_preload.so") return true;
  return name.starts_with("ld-linux") || (name.starts_with("ld-") && name.find(".so") != std::string_view::npos);
}

bool is_internal(const Image& image, std::string_view module_path) {
  if (is_internal(module_path)) return true;
  const auto& interpreters = image.process_events.interpreters;
  return std::any_of(interpreters.begin(), interpreters.end(),
                     [&](const InterpreterRecord& one) { return !one.module.empty() && one.module == module_path; });
}

}  // namespace cistern::analyzer
