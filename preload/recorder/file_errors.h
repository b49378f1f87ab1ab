// Why a file of the profile cannot be made or written. Any thread; allocates nothing. Therefore it does not use
// strerror(), as the analyzer's error_text() does: strerror() may take locks and allocate.
#pragma once

#include <string_view>

#include "cistern/format/window_layout.h"

namespace cistern::preload {

// Both take an errno value of the recorder's own file operations: some have a meaning of their own, see the source.

// As the user reads it.
std::string_view reason_of(int error) noexcept;
// As the profile has it.
StopReason stop_reason_of(int error) noexcept;

}  // namespace cistern::preload
