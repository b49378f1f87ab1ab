// Names as linkers know them, made readable: C++ and Rust. Any other name stays as it is.
#pragma once

#include <string>
#include <string_view>

namespace cistern::analyzer {

// "_ZN4cold6bufferIiE4growEm": "cold::buffer<int>::grow(unsigned long)".
std::string readable_name(std::string_view linked);

}  // namespace cistern::analyzer
