// Names of Rust functions: the legacy form ("_ZN…17h<hash>E") and v0 ("_R…", RFC 2603). Without hashes and crate
// disambiguators, and without lifetimes that the name does not bind.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cistern::analyzer {

// Nothing when the name is none of Rust's.
std::optional<std::string> rust_name(std::string_view linked);

}  // namespace cistern::analyzer
