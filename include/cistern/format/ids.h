// Strong ids. Each kind counts from 1 within one process image; 0 means "none". An id is never reused within an image,
// even when the address of a code object or module, or the kernel id of a thread, is reused.
#pragma once

#include <cstdint>

namespace cistern {

enum class StringId : uint32_t {};
enum class CodeId : uint32_t {};
enum class StackId : uint32_t {};  // a node of the stack tree; 0 is the empty stack
enum class ModuleId : uint32_t {};
enum class StreamId : uint32_t {};  // 0: the record stream; others: one for each thread, see segment.h

template <typename Id>
constexpr uint32_t raw(Id id) noexcept {
  return static_cast<uint32_t>(id);
}

}  // namespace cistern
