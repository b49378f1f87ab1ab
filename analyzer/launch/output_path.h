// The path of a profile, as `cistern run` gives it to the recorder. It is absolute, so that a program may change its
// working directory, and checked before the program starts, so that a typing error does not lose a run. Placeholders:
// %p, %h, %t, and %% for a percent sign. A path that ends in '/' is a directory and gets the default name.
#pragma once

#include <optional>
#include <string>

namespace cistern::analyzer {

// `output` as an absolute template: below `directory` (absolute, without placeholders) unless it is absolute. Empty:
// `directory` itself, with the default name.
std::string absolute_output(const std::string& output, const std::string& directory);

// The path that `output` stands for; nothing when it has placeholders that only the recorded process can replace.
std::optional<std::string> fixed_path(const std::string& output);

// Errors: Failure, exit code 125: an unknown placeholder; a directory that is missing or cannot be written to.
void check_placeholders(const std::string& output);
void check_directory(const std::string& directory);

// Checks an absolute `output`. Errors: Failure, exit code 125: an unknown placeholder, a directory that is missing or
// cannot be written to, or, without `force`, a profile that exists.
void check_output(const std::string& output, bool force);

// Whether a running process records to this file.
bool is_recorded_to(const std::string& profile);

// Removes the profile that the new run overwrites, with the files of its child processes: reports would attribute them
// to the new run. Returns false, and removes nothing, when fixed_path() is unknown. Requires: check_output() passed.
// Errors: Failure, exit code 125, also when a running process records to it.
bool remove_profile(const std::string& output);
// The same for a path, without a question. Errors: Failure, exit code 125.
void remove_profile_at(const std::string& path);

}  // namespace cistern::analyzer
