// Downloads debug files from the servers in DEBUGINFOD_URLS. Without that variable, or without libdebuginfod (loaded on
// the first request), nothing is requested. Each request is reported on standard error, and has a time limit.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cistern::analyzer {

// `build_id`: hexadecimal digits. `module`: name for the message on standard error. Returns the path of the file in
// debuginfod's cache; nothing when the download failed.
std::optional<std::string> fetch_debug_file(const std::string& build_id, std::string_view module);

}  // namespace cistern::analyzer
