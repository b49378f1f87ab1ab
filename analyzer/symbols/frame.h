// A stack frame as reports show it: function, file and line. Frames compare by these texts and numbers, so two
// instructions on one line of a function are the same frame, and stacks of different processes can be compared. A
// native function without line information is one frame, whatever the address. Texts are views into the profiles, which
// outlive the frames, or belong to the tree.
#pragma once

#include <cstdint>
#include <string_view>

namespace cistern::analyzer {

enum class FrameKind : uint8_t {
  kPython,
  kNative,     // module and address; function and file when symbols are known
  kBoundary,   // start of a thread: the outer frames are the stack that started the thread
  kTruncated,  // outer frames are missing; `function` says why
  kUnknown,    // could not be read
  kSeveral,    // several tasks await the inner frame; their own callers are not recorded
};

struct Frame {
  FrameKind kind = FrameKind::kUnknown;
  bool awaiting = false;  // a coroutine that awaits the task of the inner frame, and has not called it
  uint32_t line = 0;      // 0: unknown
  std::string_view function;
  std::string_view file;
  std::string_view module;  // path of the ELF file
  uint64_t address = 0;     // virtual address in the module's file; with a function name, one of its addresses

  // The address as part of the frame's identity: only when there is no function name.
  uint64_t distinct_address() const noexcept { return function.empty() ? address : 0; }
  bool operator==(const Frame& other) const noexcept {
    return kind == other.kind && awaiting == other.awaiting && line == other.line && function == other.function &&
           file == other.file && module == other.module && distinct_address() == other.distinct_address();
  }
};

// Whether a frame belongs to the program itself: not to the standard library, not to an installed package.
inline bool is_own_code(const Frame& frame) noexcept {
  if (frame.kind != FrameKind::kPython || frame.file.empty() || frame.file.starts_with('<')) return false;
  for (const std::string_view installed : {"/lib/python", "/lib64/python", "/site-packages/", "/dist-packages/"}) {
    if (frame.file.find(installed) != std::string_view::npos) return false;
  }
  return true;
}

// Whether a frame belongs to the import system. Reports leave these frames out, because they do not explain an
// allocation.
inline bool is_import_machinery(const Frame& frame) noexcept {
  return frame.file.starts_with("<frozen importlib");
}

}  // namespace cistern::analyzer
