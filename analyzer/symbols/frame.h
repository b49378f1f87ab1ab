// What a person calls a stack frame: function, file and line. Two places in one line of one function are one frame, and
// so are two places of a native function whose lines are not known; so frames compare by what they say, and stacks of
// several processes compare with each other. Texts are views into the profiles, which outlive them, or lie in the tree.
#pragma once

#include <cstdint>
#include <string_view>

namespace cistern::analyzer {

enum class FrameKind : uint8_t {
  kPython,
  kNative,     // module and address; function and file when symbols are known
  kBoundary,   // frames behind it are those that started the thread
  kTruncated,  // the stack went on; `function` says why it was cut
  kUnknown,    // could not be read
  kSeveral,    // several tasks await the next one; what awaits them is not said
};

struct Frame {
  FrameKind kind = FrameKind::kUnknown;
  bool awaiting = false;  // a coroutine's frame that did not call the next one: it waits for its task
  uint32_t line = 0;      // 0: unknown
  std::string_view function;
  std::string_view file;
  std::string_view module;  // path of the ELF file
  uint64_t address = 0;     // in the module's own virtual addresses; of a function, one of those that were seen

  // What tells it from others, apart from its texts and line.
  uint64_t distinct_address() const noexcept { return function.empty() ? address : 0; }
  bool operator==(const Frame& other) const noexcept {
    return kind == other.kind && awaiting == other.awaiting && line == other.line && function == other.function &&
           file == other.file && module == other.module && distinct_address() == other.distinct_address();
  }
};

// Whether a frame is of the program itself, rather than of the standard library or an installed package.
inline bool is_own_code(const Frame& frame) noexcept {
  if (frame.kind != FrameKind::kPython || frame.file.empty() || frame.file.starts_with('<')) return false;
  for (const std::string_view installed : {"/lib/python", "/lib64/python", "/site-packages/", "/dist-packages/"}) {
    if (frame.file.find(installed) != std::string_view::npos) return false;
  }
  return true;
}

// Whether a frame is of the import system, which stands between any two modules and explains nothing.
inline bool is_import_machinery(const Frame& frame) noexcept {
  return frame.file.starts_with("<frozen importlib");
}

}  // namespace cistern::analyzer
