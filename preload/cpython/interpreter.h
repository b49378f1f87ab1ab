// The interpreter of this process: where it is, its version, and the few functions of it that a hook may call. It is
// found by its symbols; nothing is linked against it. Once found it is constant, except for `walk` and `tasks`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "cistern/format/image_records.h"
#include "preload/base/text.h"
#include "preload/cpython/layout.h"
#include "preload/cpython/task_layout.h"

namespace cistern::preload {

// Include/cpython/pymem.h and objimpl.h, 3.8 – 3.15.
struct PyMemAllocatorEx {
  void* ctx;
  void* (*malloc)(void* ctx, size_t size);
  void* (*calloc)(void* ctx, size_t count, size_t size);
  void* (*realloc)(void* ctx, void* block, size_t size);
  void (*free)(void* ctx, void* block);
  bool operator==(const PyMemAllocatorEx&) const = default;
};
struct PyObjectArenaAllocator {
  void* ctx;
  void* (*alloc)(void* ctx, size_t size);
  void (*free)(void* ctx, void* arena, size_t size);
  bool operator==(const PyObjectArenaAllocator&) const = default;
};
enum PyMemAllocatorDomain { PYMEM_DOMAIN_RAW = 0, PYMEM_DOMAIN_MEM = 1, PYMEM_DOMAIN_OBJ = 2 };

struct PythonFunctions {
  const char* (*get_version)();
  void (*get_allocator)(int domain, PyMemAllocatorEx* allocator);
  void (*set_allocator)(int domain, PyMemAllocatorEx* allocator);
  void (*get_arena_allocator)(PyObjectArenaAllocator* allocator);
  void (*set_arena_allocator)(PyObjectArenaAllocator* allocator);
  const uint8_t* (*holder_state)();  // see Interpreter::holder()
  // The calling thread's state, with or without the GIL; nullptr in a thread that Python does not know.
  const uint8_t* (*own_state)();
  int (*is_initialized)();
  int (*is_finalizing)();
  int (*collector_is_enabled)();  // PyGC_IsEnabled, CPython 3.10
  // PyUnstable_InterpreterFrame_GetLasti, CPython 3.12: see layout_check.h
  int (*last_instruction)(const uint8_t* frame);
};

// How captures compare frames with the shadow stack.
enum class FrameWalk : uint8_t {
  kPlain,      // Positions::kInCode
  kOther,      // other positions
  kWithTasks,  // kPlain, and stacks have what awaits asyncio's running task: see find_asyncio()
};

struct Interpreter {
  bool found = false;
  bool shared = false;  // in a shared library rather than the executable
  // The executable does not run Python's main program: there is no root frame, and the interpreter may be initialized
  // and finalized several times.
  bool embedded = false;
  const char* implementation = "";
  unsigned major = 0;
  unsigned minor = 0;
  uint64_t version_hex = 0;
  Text<256> version;
  PathText module;
  uintptr_t module_start = 0;
  PythonFunctions functions{};
  // The variable that functions.holder_state() returns, where it is a global (3.8 – 3.11); else nullptr. Nearly every
  // event reads it.
  const uint8_t* const* holder_variable = nullptr;
  bool free_threaded = false;               // built without the GIL
  uint16_t type_offset = 8;                 // PyObject.ob_type
  const uint8_t* code_type = nullptr;       // &PyCode_Type
  const uint8_t* unicode_type = nullptr;    // &PyUnicode_Type
  const uint8_t* coroutine_type = nullptr;  // &PyCoro_Type
  const uint8_t* generator_type = nullptr;  // &PyGen_Type
  const uint8_t* runtime = nullptr;         // &_PyRuntime
  const PythonLayout* layout = nullptr;     // nullptr: stacks cannot be read
  FrameWalk walk = FrameWalk::kPlain;       // see frame_walk()
  const TaskLayout* tasks = nullptr;        // of FrameWalk::kWithTasks
  PythonStacks stacks = PythonStacks::kUnsupported;
  const char* reason = "";  // why stacks are not kOn

  // Acquire: pairs with look_at_tasks().
  FrameWalk frame_walk() const noexcept { return __atomic_load_n(&walk, __ATOMIC_ACQUIRE); }
  void look_at_tasks() noexcept {
    tasks = &layout->tasks;
    __atomic_store_n(&walk, FrameWalk::kWithTasks, __ATOMIC_RELEASE);
  }

  // Returns the variable that functions.holder_state() returns in the calling thread: holder_variable, or a
  // thread-local variable (3.12 and later). nullptr when the function must be called. Requires functions.holder_state.
  const uint8_t* const* own_holder_variable() const noexcept;

  // Returns the thread state that holds the GIL; in MEM and OBJ hooks that is the calling thread's. On 3.12 and later
  // it is always the calling thread's, while it is attached to an interpreter, with or without the GIL. Requires
  // functions.holder_state.
  const uint8_t* holder() const noexcept {
    return holder_variable != nullptr ? __atomic_load_n(holder_variable, __ATOMIC_RELAXED) : functions.holder_state();
  }
};
extern Interpreter g_python;

// Looks for an interpreter among the loaded modules and fills g_python. Returns g_python.found; nothing when the
// modules are not known now, because another thread unloads one. A module that is not relocated yet is not taken.
std::optional<bool> find_interpreter() noexcept;

// Whether the module that the interpreter was found in is still loaded; true when the modules are not known now.
bool is_loaded(const Interpreter& python) noexcept;

// Whether the interpreter's allocators can be hooked.
inline bool hookable(const Interpreter& python) noexcept {
  return python.layout != nullptr && python.functions.set_allocator != nullptr;
}

inline bool is_initialized() noexcept {
  return g_python.functions.is_initialized != nullptr && g_python.functions.is_initialized() != 0;
}

// Whether the interpreter is being finalized.
inline bool is_finalizing() noexcept {
  return g_python.functions.is_finalizing != nullptr && g_python.functions.is_finalizing() != 0;
}

}  // namespace cistern::preload
