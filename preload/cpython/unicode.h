// Python strings, read from memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "preload/cpython/layout.h"

namespace cistern::preload {

constexpr size_t kUnicodeBytes = 8 * 1024;

// The UTF-8 of a compact str object: a view into the object when it is ASCII, else encoded into `buffer`; what does not
// fit is cut. Empty when `object` is nullptr or no compact string. Requires that `object` stays alive. No allocation.
std::string_view read_unicode(const PythonLayout& layout, const uint8_t* object,
                              char (&buffer)[kUnicodeBytes]) noexcept;

}  // namespace cistern::preload
