// Python strings, read from memory. Requires that the object is alive. Does not allocate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "preload/cpython/layout.h"

namespace cistern::preload {

constexpr size_t kUnicodeBytes = 8 * 1024;

// Returns the text of a compact str object as UTF-8: a view into the object when it is ASCII, else encoded into
// `buffer`, cut to what fits. Empty when `object` is nullptr or not a compact string.
std::string_view read_unicode(const PythonLayout& layout, const uint8_t* object,
                              char (&buffer)[kUnicodeBytes]) noexcept;

}  // namespace cistern::preload
