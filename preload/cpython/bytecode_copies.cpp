#include "preload/cpython/bytecode_copies.h"

#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload/arch/arch.h"

namespace cistern::preload {
namespace {

// _PyCodeArray (Include/cpython/code.h, 3.14 and 3.15): the number of entries, then pointers to the copies.
constexpr uint16_t kCopies = 8;
constexpr uint64_t kUnitBytes = 2;  // sizeof(_Py_CODEUNIT)

const uint8_t* array_of(const uint8_t* code, uint16_t offset) noexcept {
  const uint8_t* array;
  __atomic_load(reinterpret_cast<const uint8_t* const*>(code + offset), &array, __ATOMIC_ACQUIRE);
  return array;
}

// Copies memory that may be unmapped. Returns false when it is.
bool read_maybe_freed(const uint8_t* from, void* to, size_t bytes) noexcept {
  const iovec local{to, bytes};
  const iovec remote{const_cast<uint8_t*>(from), bytes};
  const long read = raw_syscall(SYS_process_vm_readv, getpid(), reinterpret_cast<long>(&local), 1,
                                reinterpret_cast<long>(&remote), 1, 0);
  return read == static_cast<long>(bytes);
}

const uint8_t* entry_of(const uint8_t* array, uint64_t index) noexcept {
  return index < load<uint64_t>(array, 0) ? load_pointer(array + index * sizeof array, kCopies) : nullptr;
}

const uint8_t* entry_of_maybe_freed(const uint8_t* array, uint64_t index) noexcept {
  uint64_t size = 0;
  const uint8_t* entry = nullptr;
  const bool read = read_maybe_freed(array, &size, sizeof size) && index < size &&
                    read_maybe_freed(array + kCopies + index * sizeof entry, &entry, sizeof entry);
  return read ? entry : nullptr;
}

// Returns copy `index` of `code`, or nullptr.
//
// An array that is too small is replaced by a longer one. The old one is freed when every attached thread has passed a
// quiescent state (create_tlbc_lock_held(), Objects/codeobject.c; Python/qsbr.c, 3.14 and 3.15). An attached thread
// passes none during an allocation, so it may read the array. For a thread that is not attached the array may be freed
// at any time: what it read is right if the code object still has the same array afterwards. The loop ends, because an
// array is replaced some ten times at most.
const uint8_t* copy_of(const Interpreter& python, const uint8_t* code, uint64_t index) noexcept {
  const uint16_t offset = python.layout->copies;
  const uint8_t* array = array_of(code, offset);
  const bool attached = python.functions.holder_state() != nullptr;
  if (attached) return entry_of(array, index);
  for (;;) {
    const uint8_t* const entry = entry_of_maybe_freed(array, index);
    const uint8_t* const now = array_of(code, offset);
    if (now == array) return entry;
    array = now;
  }
}

}  // namespace

// sys._clear_internal_caches() frees a copy that no thread uses, even if a suspended generator's frame points into it.
// Then there is no copy, or another one, and the offset is unknown.
int64_t offset_in_copy(const Interpreter& python, const uint8_t* frame, const uint8_t* code,
                       uint64_t position) noexcept {
  const PythonLayout& layout = *python.layout;
  const auto index = load<uint32_t>(frame, layout.copy_index);
  const uint8_t* const copy = index == 0 ? code + layout.instructions : copy_of(python, code, index);
  const uint64_t offset = position - reinterpret_cast<uint64_t>(copy);
  return offset < load<uint64_t>(code, layout.object_size) * kUnitBytes ? static_cast<int64_t>(offset) : kUnknownOffset;
}

}  // namespace cistern::preload
