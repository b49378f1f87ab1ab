// What walks need to know of native code, by return address: how its frame is left, which module it is in, and whether
// it evaluates Python code. Found out when a walk first meets it.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/unwind/code_table.h"
#include "preload/unwind/eh_frame.h"

namespace cistern::preload {

// What the recorder is asked, when code is met for the first time.
struct ModulePlace {
  uint32_t module = 0;   // ModuleId; 0: in none that is known
  uint32_t address = 0;  // less the module's base
};

// What walks are made for: how much a thread remembers of them.
enum class WalkKind : uint8_t {
  kSomeBlocks,   // now and then, to the frame that evaluates Python code
  kEveryBlock,   // for nearly every event
  kWholeStacks,  // and to the outermost frame
};

class NativeCodes {
 public:
  CodeTable& table() noexcept { return table_; }
  // What is known of the code at `at`, whose frame belongs to a thread with the state `tstate` (or nullptr).
  NativeCode code_at(const Registers& at, const uint8_t* tstate, uintptr_t high) noexcept;

  // Once, before the first walk. `module_of` may take locks of the recorder, none of which code_at()'s caller holds.
  void begin(ModulePlace (*module_of)(uintptr_t instruction), uint64_t max_table_bytes, WalkKind kind) noexcept;
  WalkKind kind() const noexcept { return kind_; }
  // The interpreter's evaluation function, nullptr when there is none (any more).
  void set_evaluation(const void* function) noexcept;

 private:
  CodeRole role_of(const FrameDescription& frame, const Registers& at, const uint8_t* tstate,
                   uintptr_t high) const noexcept;

  CodeTable table_;
  ModulePlace (*module_of_)(uintptr_t instruction) = nullptr;
  std::atomic<uintptr_t> evaluation_{0};
  uintptr_t own_begin_ = 0;  // code of this library
  uintptr_t own_end_ = 0;
  WalkKind kind_ = WalkKind::kSomeBlocks;
};

}  // namespace cistern::preload
