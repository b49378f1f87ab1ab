// The enumerators in the format's headers, read from their text, so that a number that is missing in FORMAT.md is
// noticed.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace cistern {

// The enumerators of one enum or flag namespace, in the words of the description: kLineTable is "line table".
using Enumerators = std::map<std::string, uint64_t>;

// By the name of the enum. `folder` holds the headers; those of options are no part of the format and are left out, as
// are enums without enumerators (ids). Throws std::runtime_error on an enumerator without a number.
std::map<std::string, Enumerators> header_enumerators(const std::string& folder);

}  // namespace cistern
