// Demangles Rust's v0 names (RFC 2603): available since Rust 1.59 with -C symbol-mangling-version=v0, the default in
// newer compilers. The work is bounded, whatever back references the name contains. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cistern::analyzer {

// `rest` is the text after "_R". Returns nothing when it is malformed.
std::optional<std::string> rust_v0_name(std::string_view rest);

}  // namespace cistern::analyzer
