#include "preload/cpython/interpreter.h"

#include "preload/arch/arch.h"
#include "preload/base/elf.h"
#include "preload/base/loaded_modules.h"

namespace cistern::preload {

constinit Interpreter g_python;

namespace {

template <typename T>
void bind(T& target, const LoadedModule& module, const char* name, const char* other = nullptr) noexcept {
  void* found = find_symbol(module, name);
  if (found == nullptr && other != nullptr) found = find_symbol(module, other);
  target = reinterpret_cast<T>(found);
}

void bind_functions(PythonFunctions& functions, const LoadedModule& module) noexcept {
  bind(functions.get_version, module, "Py_GetVersion");
  bind(functions.get_allocator, module, "PyMem_GetAllocator");
  bind(functions.set_allocator, module, "PyMem_SetAllocator");
  bind(functions.get_arena_allocator, module, "PyObject_GetArenaAllocator");
  bind(functions.set_arena_allocator, module, "PyObject_SetArenaAllocator");
  bind(functions.holder_state, module, "PyThreadState_GetUnchecked", "_PyThreadState_UncheckedGet");
  bind(functions.own_state, module, "PyGILState_GetThisThreadState");
  bind(functions.is_initialized, module, "Py_IsInitialized");
  bind(functions.collector_is_enabled, module, "PyGC_IsEnabled");
  bind(functions.last_instruction, module, "PyUnstable_InterpreterFrame_GetLasti");
  bind(functions.is_finalizing, module, "Py_IsFinalizing", "_Py_IsFinalizing");
}

// "3.11.2 (main, …)" → 3, 11, 0x030b02f0. Pre-releases ("3.14.0a1") get the number of the final release.
void read_version(Interpreter& python, std::string_view text) noexcept {
  const std::string_view whole = text;
  python.major = static_cast<unsigned>(take_number(text));
  if (!text.empty()) text.remove_prefix(1);
  python.minor = static_cast<unsigned>(take_number(text));
  if (!text.empty()) text.remove_prefix(1);
  const uint64_t micro = take_number(text);
  python.version_hex = uint64_t{python.major} << 24 | uint64_t{python.minor} << 16 | micro << 8 | 0xf0;
  python.version.add(whole.substr(0, whole.find('\n')));
}

bool complete(const Interpreter& python) noexcept {
  const PythonFunctions& f = python.functions;
  return f.get_allocator != nullptr && f.set_allocator != nullptr && f.get_arena_allocator != nullptr &&
         f.set_arena_allocator != nullptr && f.holder_state != nullptr && f.own_state != nullptr &&
         python.code_type != nullptr && python.unicode_type != nullptr && python.runtime != nullptr;
}

void choose_layout(Interpreter& python) noexcept {
  python.free_threaded = python.major == 3 && is_free_threaded(python.runtime);
  const PythonLayout* const layout = python.major == 3 ? layout_of(python.minor, python.free_threaded) : nullptr;
  if (layout == nullptr) {
    python.reason = "this version's frames are not known";
    return;
  }
  if (!complete(python)) {
    python.reason = "its executable does not export what is needed";
    return;
  }
  if (const char* what = contradiction(*layout, python.runtime); what != nullptr) {
    python.stacks = PythonStacks::kContradiction;
    python.reason = what;
    return;
  }
  python.layout = layout;
  python.walk = layout->positions == Positions::kInCode ? FrameWalk::kPlain : FrameWalk::kOther;
  python.type_offset = layout->object_type;
  python.stacks = PythonStacks::kOn;
}

// While a module is being loaded its data may not be relocated yet: its type objects have no type then.
bool relocated(const LoadedModule& module) noexcept {
  const auto* code = static_cast<const uint8_t*>(find_symbol(module, "PyCode_Type"));
  const auto* type = static_cast<const uint8_t*>(find_symbol(module, "PyType_Type"));
  constexpr uint16_t kType = 8, kTypeWithoutGil = 24;
  return code == nullptr || type == nullptr || load_pointer(code, kType) == type ||
         load_pointer(code, kTypeWithoutGil) == type;
}

// Whether the executable calls Python's main program or, linked statically, contains it.
bool runs_main() noexcept {
  bool found = false;
  for_each_module(
      [](void* context, const LoadedModule& executable) {
        if (!executable.executable) return true;
        for (const char* const name : {"Py_BytesMain", "Py_RunMain", "Py_Main"}) {
          if (imports_symbol(executable, name) || find_symbol(executable, name) != nullptr) {
            *static_cast<bool*>(context) = true;
          }
        }
        return false;
      },
      &found);
  return found;
}

bool take(Interpreter& python, const LoadedModule& module) noexcept {
  const bool pypy =
      find_symbol(module, "PyPyMem_Malloc") != nullptr || find_symbol(module, "pypy_main_startup") != nullptr;
  if (!pypy && find_symbol(module, "Py_GetVersion") == nullptr) return false;
  if (!relocated(module)) return false;
  python.found = true;
  python.implementation = pypy ? "PyPy" : "CPython";
  python.shared = !module.path.empty();
  python.module.add(module.path);
  python.module_start = module.start;
  if (pypy) {
    python.reason = "it is not CPython";
    return true;
  }
  bind_functions(python.functions, module);
  if (python.functions.holder_state != nullptr) {
    python.holder_variable = returned_global(reinterpret_cast<const void*>(python.functions.holder_state));
  }
  bind(python.code_type, module, "PyCode_Type");
  bind(python.unicode_type, module, "PyUnicode_Type");
  bind(python.coroutine_type, module, "PyCoro_Type");
  bind(python.generator_type, module, "PyGen_Type");
  bind(python.runtime, module, "_PyRuntime");
  read_version(python, python.functions.get_version());
  choose_layout(python);
  return true;
}

}  // namespace

// glibc, for the code that compilers make for thread-local variables; it may allocate them.
extern "C" void* __tls_get_addr(void* index);

const uint8_t* const* Interpreter::own_holder_variable() const noexcept {
  if (holder_variable != nullptr) return holder_variable;
  if (layout == nullptr || !layout->thread_local_state) return nullptr;
  const uint8_t* const* const place =
      returned_thread_local(reinterpret_cast<const void*>(functions.holder_state), __tls_get_addr);
  return place != nullptr && *place == functions.holder_state() ? place : nullptr;
}

std::optional<bool> find_interpreter() noexcept {
  if (g_python.found) return true;
  const bool known = for_each_module(
      [](void* context, const LoadedModule& module) { return !take(*static_cast<Interpreter*>(context), module); },
      &g_python);
  g_python.embedded = g_python.found && !runs_main();
  if (!g_python.found && !known) return std::nullopt;
  return g_python.found;
}

bool is_loaded(const Interpreter& python) noexcept {
  struct Search {
    const Interpreter& python;
    bool found;
  } search{python, false};
  const bool known = for_each_module(
      [](void* context, const LoadedModule& module) {
        auto& search = *static_cast<Search*>(context);
        search.found = module.start == search.python.module_start && module.path == search.python.module.view();
        return !search.found;
      },
      &search);
  return search.found || !known;
}

}  // namespace cistern::preload
