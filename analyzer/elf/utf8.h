// UTF-8 encoding of one code point. Thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cistern::analyzer {

// Returns the UTF-8 bytes of a code point; nothing for an invalid one.
std::optional<std::string> utf8_of(uint32_t code_point);

}  // namespace cistern::analyzer
