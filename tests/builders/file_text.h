// A whole profile or window as text: header, segments or slots in file order, what lies between, and all contents.
#pragma once

#include <string>
#include <string_view>

namespace cistern {

std::string file_text(std::string_view file);

}  // namespace cistern
