// Reads call frame information, which compilers write into .eh_frame and linkers index by .eh_frame_hdr (Linux Standard
// Base Core, "Exception Frames"; DWARF 5, 6.4), and makes an UnwindRule of it. Of the caller's registers only the stack
// pointer, the frame pointer and the return address are followed; no others are needed to find callers. Reads the
// loaded module only; does not allocate or lock.
#pragma once

#include <cstdint>

#include "preload/unwind/unwind_rule.h"

namespace cistern::preload {

// The call frame information of a loaded module.
struct CallFrameInfo {
  const uint8_t* header = nullptr;  // .eh_frame_hdr; nullptr: the module has none
  uintptr_t start = 0;              // of the module
  uintptr_t end = 0;
};

// What the information says of the frame that runs the instruction at `pc`.
struct FrameDescription {
  UnwindRule rule;
  uintptr_t function = 0;  // begin of the described code, a function or a part of one; 0: none was found
  uintptr_t function_end = 0;
};

// Returns the description of the frame at `pc`; `function` is 0 when there is none.
FrameDescription describe_frame(const CallFrameInfo& info, uintptr_t pc) noexcept;

}  // namespace cistern::preload
