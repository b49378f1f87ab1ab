// The path of a profile as `cistern run` hands it to the library: absolute, so that a program that changes its
// directory does not move its profile, and looked at before the program starts, so that a run is not lost to a typing
// error. Placeholders: %p, %h, %t, and %% for a percent sign; a path that ends in '/' keeps the default name.
#pragma once

#include <optional>
#include <string>

namespace cistern::analyzer {

// `output` as a template below `directory` unless it is absolute; empty: the default name in `directory`, which is
// absolute and literal.
std::string absolute_output(const std::string& output, const std::string& directory);

// The path that `output` stands for when it has no part that only the recorded process knows. `output` ends not in '/'.
std::optional<std::string> fixed_path(const std::string& output);

// Errors: Failure, exit code 125: an unknown placeholder, no directory, one that cannot be written to, or a profile
// that exists and `force` is not given. `output` is absolute.
void check_output(const std::string& output, bool force);

// Removes what a new run overwrites: the profile at `output`, and the images of its run beside it, which reports on the
// new one would take for its own. Returns false, and removes nothing, when only the recorded process knows the path.
// Requires check_output(). Errors: Failure, exit code 125.
bool remove_profile(const std::string& output);

}  // namespace cistern::analyzer
