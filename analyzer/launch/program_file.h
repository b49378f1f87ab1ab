// The program that `cistern run` is to start, looked at before it is started: where it is, and whether a library can be
// preloaded under it at all. A script is judged by its interpreter.
#pragma once

#include <string>

namespace cistern::analyzer {

// `name` as execvp(3) would find it: along PATH unless it has a slash.
// Errors: Failure, exit code 127 when there is none, 126 when there is one that may not be executed.
std::string find_program(const std::string& name);

// Errors: Failure: exit code 126 when the kernel could not execute `path`, 125 when it could, but would not load
// `library` with it: statically linked, set-user-ID, of another architecture, or linked to another C library.
void check_program(const std::string& path, const std::string& library);

}  // namespace cistern::analyzer
