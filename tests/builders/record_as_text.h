// Records as text, one line each, for expectations in tests and golden files.
#pragma once

#include <string>
#include <string_view>

#include "cistern/format/record.h"

namespace cistern {

// The type's name, as in FORMAT.md; "type N" for an unknown type.
std::string name_of(RecordType type);

// Text with the bytes outside of printable ASCII, quotes and backslashes as \xHH, in quotes.
std::string quoted(std::string_view bytes);

// "name field=value …"; "name: malformed" if it cannot be read; "type N: M bytes" for an unknown type.
std::string text_of(const RawRecord& record);

}  // namespace cistern
