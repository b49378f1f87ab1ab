// The environment of this process, and the one that recorded programs get.
#pragma once

#include <string>
#include <vector>

#include "analyzer/launch/run_request.h"

namespace cistern::analyzer {

constexpr char kPreloadVariable[] = "LD_PRELOAD";

// The value of a variable of this process; empty when it is not set.
std::string variable(const char* name);

// Errors: Failure, exit code 125, where the working directory has been removed.
std::string working_directory();

// The environment of this process with these variables set (an empty value: removed), and without kSessionVariable: if
// this process is itself recorded, the new program does not belong to that session.
std::vector<std::string> environment_with(const std::vector<Setting>& changes);

// For execve: pointers into `words`, then a null pointer.
std::vector<char*> pointers_to(const std::vector<std::string>& words);

}  // namespace cistern::analyzer
