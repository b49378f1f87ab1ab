// Checks a program before `cistern run` starts it: where it is, and whether the recorder can be preloaded into it. For
// a script, its interpreter is checked.
#pragma once

#include <string>

namespace cistern::analyzer {

// The path at which execvp(3) finds `name`: in PATH unless it has a slash.
// Errors: Failure: exit code 127 when it does not exist, 126 when it may not be executed.
std::string find_program(const std::string& name);

// Errors: Failure: exit code 126 when the kernel cannot execute `path`, 125 when the loader would not preload
// `library`: the program is statically linked, set-user-ID, of another architecture, or linked to another C library.
void check_program(const std::string& path, const std::string& library);

}  // namespace cistern::analyzer
