// The one line that the recorder may say to the program's stderr in its whole life. Any thread; no allocation.
#pragma once

#include <string_view>

namespace cistern::preload {

// Writes "cistern: WHAT WHERE\n" to descriptor 2, the first time that it is called in this process; nothing afterwards.
void say_once(std::string_view what, std::string_view where = {}) noexcept;

}  // namespace cistern::preload
