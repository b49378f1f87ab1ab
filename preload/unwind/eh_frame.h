// Call frame information as compilers write it into .eh_frame, looked up by .eh_frame_hdr (Linux Standard Base Core,
// "Exception Frames"; DWARF 5, 6.4). Of the caller's registers only the frame pointer and the return address are
// followed: with the stack pointer they are what rules of x86-64 code are made of. Reads the loaded module only;
// nothing here allocates or locks.
#pragma once

#include <cstdint>

#include "preload/unwind/unwind_rule.h"

namespace cistern::preload {

// One loaded module's call frame information.
struct CallFrameInfo {
  const uint8_t* header = nullptr;  // its .eh_frame_hdr; nullptr: it has none
  uintptr_t start = 0;              // of the module
  uintptr_t end = 0;
};

// What a description says of the frame that runs the instruction at `pc`.
struct FrameDescription {
  UnwindRule rule;
  uintptr_t function = 0;  // where the described code begins: a function, or a part of one; 0: none was found
  uintptr_t function_end = 0;
};

FrameDescription describe_frame(const CallFrameInfo& info, uintptr_t pc) noexcept;

}  // namespace cistern::preload
