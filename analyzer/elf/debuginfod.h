// Asks the servers of DEBUGINFOD_URLS for debug information; without that variable nobody is asked. libdebuginfod is
// loaded when it is needed, and need not be there. Says on standard error whom it asks for what, and gives up after a
// time.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cistern::analyzer {

// `build_id` in hexadecimal digits; `module` is for people. Returns the path of the file, in debuginfod's cache.
std::optional<std::string> fetch_debug_file(const std::string& build_id, std::string_view module);

}  // namespace cistern::analyzer
