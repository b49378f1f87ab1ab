// The one line that the library may print to the program's stderr. Any thread; no allocation; errno is left alone.
#pragma once

#include <string_view>

namespace cistern::preload {

// Notes which file descriptor 2 leads to: this file is the program's stderr. Call it before print_once().
void remember_stderr() noexcept;

// Prints "cistern: WHAT: WHERE: WHY\n" to stderr at the first call in this process, and nothing afterwards. Empty parts
// are left out, and the end of a long WHERE. Prints nothing where a line could do harm:
//   - descriptor 2 was closed at the start, or leads to another file now, which may hold the program's data;
//   - stderr is a pipe that is full or that nobody reads.
void print_once(std::string_view what, std::string_view where = {}, std::string_view why = {}) noexcept;

}  // namespace cistern::preload
