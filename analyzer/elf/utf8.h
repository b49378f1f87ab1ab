#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cistern::analyzer {

// A code point as UTF-8; nothing when it is none.
std::optional<std::string> utf8_of(uint32_t code_point);

}  // namespace cistern::analyzer
