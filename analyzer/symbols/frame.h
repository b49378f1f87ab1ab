// What a person calls a stack frame: function, file and line. Two places in one line of one function are one frame; so
// frames compare by what they say, and stacks of several processes compare with each other. Texts are views into the
// profiles, which outlive them.
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
};

struct Frame {
  FrameKind kind = FrameKind::kUnknown;
  uint32_t line = 0;  // 0: unknown
  std::string_view function;
  std::string_view file;
  std::string_view module;  // path of the ELF file
  uint64_t address = 0;     // in the module's own virtual addresses
  bool operator==(const Frame&) const = default;
};

// Whether a frame is of the import system, which stands between any two modules and explains nothing.
inline bool is_import_machinery(const Frame& frame) noexcept {
  return frame.file.starts_with("<frozen importlib");
}

}  // namespace cistern::analyzer
