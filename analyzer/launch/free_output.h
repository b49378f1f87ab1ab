// The profile that `cistern exec` records to. A service must start again and again with the same options, so an
// existing profile is no error: the next free number is taken.
#pragma once

#include <string>
#include <vector>

namespace cistern::analyzer {

// The path for `output`, an absolute template as absolute_output() makes it, for a program that this process becomes:
// placeholders and the default name are replaced. If a profile is there: X-2.cistern, X-3.cistern, … With `force` a
// profile that no running process records to is removed instead. Makes the folder PATH.d, which reserves the name.
// Errors: Failure, exit code 125: a missing or read-only directory, no space.
std::string reserve_output(const std::string& output, bool force, const std::vector<std::string>& command);

}  // namespace cistern::analyzer
