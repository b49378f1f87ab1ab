// Why a file of the profile cannot be made or written, as the user reads it. Any thread; allocates nothing. Therefore
// it does not use strerror(), as the analyzer's error_text() does: strerror() may take locks and allocate.
#pragma once

#include <string_view>

namespace cistern::preload {

// `error` is an errno value of the recorder's own file operations: some have a meaning of their own, see the source.
std::string_view reason_of(int error) noexcept;

}  // namespace cistern::preload
