// The one line that the recorder may say to the program's stderr in its whole life. Any thread; no allocation; errno is
// left alone.
#pragma once

#include <string_view>

namespace cistern::preload {

// Before anything can be said: the file that descriptor 2 leads to now is the program's stderr.
void remember_stderr() noexcept;

// Writes "cistern: WHAT WHERE\n" to stderr, the first time that it is called in this process; nothing afterwards. Says
// nothing where that could do harm: when descriptor 2 was closed at the start or leads to another file by now, which
// may be the program's data; when nobody reads a pipe, or it is full.
void say_once(std::string_view what, std::string_view where = {}) noexcept;

}  // namespace cistern::preload
