// What a walk needs to know of native code, by return address: the unwind rule, the module, and whether the code
// evaluates Python code. It is found out when a walk first meets the address, and kept in a CodeTable. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/unwind/code_table.h"
#include "preload/unwind/eh_frame.h"

namespace cistern::preload {

// Where native code lies, in words that hold in the profile.
struct CodeLocation {
  uint32_t module = 0;   // ModuleId; 0: in no known module
  uint32_t address = 0;  // less the module's base
};

// How often and how far threads walk, which decides how many walks a thread remembers.
enum class WalkKind : uint8_t {
  kSomeBlocks,   // rarely, up to the frame that evaluates Python code
  kEveryBlock,   // for nearly every event, as far
  kWholeStacks,  // for nearly every event, to the outermost frame
};

class NativeCodes {
 public:
  CodeTable& table() noexcept { return table_; }
  // Returns what is known of the code at `at`. Its frame belongs to the calling thread, whose state is `tstate`
  // (nullptr: none), and whose stack ends at `high`.
  NativeCode code_at(const Registers& at, const uint8_t* tstate, uintptr_t high) noexcept;

  // Once, before the first walk. `module_of` finds the module of an instruction. It may take the recorder's locks;
  // callers of code_at() hold none of them.
  void begin(CodeLocation (*module_of)(uintptr_t instruction), uint64_t max_table_bytes, WalkKind kind) noexcept;
  WalkKind kind() const noexcept { return kind_; }
  // Sets the address of the interpreter's evaluation function; nullptr: there is none.
  void set_evaluation(const void* function) noexcept;

 private:
  CodeRole role_of(const FrameDescription& frame, const Registers& at, const uint8_t* tstate,
                   uintptr_t high) const noexcept;

  CodeTable table_;
  CodeLocation (*module_of_)(uintptr_t instruction) = nullptr;
  std::atomic<uintptr_t> evaluation_{0};
  uintptr_t own_begin_ = 0;  // of this library's code
  uintptr_t own_end_ = 0;
  WalkKind kind_ = WalkKind::kSomeBlocks;
};

}  // namespace cistern::preload
