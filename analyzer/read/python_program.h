// Whether a file is a program that can run Python. Reads the file; looks for the names of the interpreter's API.
#pragma once

#include <cstdint>
#include <string>

namespace cistern::analyzer {

enum class HasPython : uint8_t { kNo, kYes, kUnknown };

// `path` may be relative to `directory`, or a name that is looked up in PATH. kUnknown: the file cannot be read, and
// its name does not say it either.
HasPython has_python(const std::string& path, const std::string& directory);

}  // namespace cistern::analyzer
