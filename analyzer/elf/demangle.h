// Demangles C++ and Rust names. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace cistern::analyzer {

// Returns the demangled name, or `linked` itself when it is not mangled or malformed. Example:
// "_ZN4cold6bufferIiE4growEm" becomes "cold::buffer<int>::grow(unsigned long)".
std::string readable_name(std::string_view linked);

}  // namespace cistern::analyzer
