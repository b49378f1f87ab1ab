// Demangles the names of Rust functions: the legacy form ("_ZN…17h<hash>E") and v0 ("_R…", RFC 2603). The result omits
// hashes, crate disambiguators, and lifetimes that the name does not bind. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cistern::analyzer {

// Returns nothing when `linked` is not a Rust name.
std::optional<std::string> rust_name(std::string_view linked);

}  // namespace cistern::analyzer
