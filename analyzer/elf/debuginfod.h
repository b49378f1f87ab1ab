// Downloads debug files from the servers in DEBUGINFOD_URLS. Without that variable, or without libdebuginfod (loaded on
// the first request), nothing is requested. Each request has a time limit.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cistern::analyzer {

// Called before a request, which can take long, with the file name of the module.
using DebuginfodRequest = void (*)(const std::string& module, const std::string& build_id);

// `build_id`: hexadecimal digits. Returns the path of the file in debuginfod's cache; nothing when the download failed.
std::optional<std::string> fetch_debug_file(const std::string& build_id, std::string_view module,
                                            DebuginfodRequest on_request);

}  // namespace cistern::analyzer
