// Strong ids. Each counts from 1 within one process image; 0 means "none". Ids are never reused within an image, even
// when the thing they name (a code object's block, a thread's kernel id, a module's address) is.
#pragma once

#include <cstdint>

namespace cistern {

enum class StringId : uint32_t {};
enum class CodeId : uint32_t {};
enum class StackId : uint32_t {};  // a node of the stack tree; 0 is the empty stack
enum class ModuleId : uint32_t {};
enum class StreamId : uint32_t {};  // a stream of segments: 0 is the record stream, others are threads

template <typename Id>
constexpr uint32_t raw(Id id) noexcept {
  return static_cast<uint32_t>(id);
}

}  // namespace cistern
