// Rust's v0 names (RFC 2603), as the compiler has made them since 1.59 with -C symbol-mangling-version=v0, and by
// default in newer ones. The work is bounded, whatever the name refers back to.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cistern::analyzer {

// `rest` is what follows "_R". Nothing when it is malformed.
std::optional<std::string> rust_v0_name(std::string_view rest);

}  // namespace cistern::analyzer
