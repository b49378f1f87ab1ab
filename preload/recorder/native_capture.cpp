#include "preload/recorder/native_capture.h"

#include "preload/base/elf.h"
#include "preload/cpython/interpreter.h"
#include "preload/recorder/modules.h"
#include "preload/recorder/recorder.h"
#include "preload/unwind/code_search.h"

namespace cistern::preload {
namespace {

constexpr uint64_t kMaxCodeBytes = 64 << 20;

DomainMask domains_of(Native native) noexcept {
  switch (native) {
    case Native::kAuto:
      return bit_of(Domain::kMalloc) | bit_of(Domain::kRaw) | bit_of(Domain::kMmap);
    case Native::kLeaf:
    case Native::kFull:
      return kAllDomains;
    case Native::kNone:
      break;
  }
  return 0;
}

WalkKind kind_of(Native native) noexcept {
  if (native == Native::kFull) return WalkKind::kWholeStacks;
  return native == Native::kLeaf ? WalkKind::kEveryBlock : WalkKind::kSomeBlocks;
}

CodeLocation location_of(uintptr_t instruction) noexcept {
  CodeLocation location;
  uintptr_t base = 0;
  if (!find_module(instruction, g_recorder.records, location.module, base)) return {};
  location.address = static_cast<uint32_t>(instruction - base);
  return location;
}

}  // namespace

void begin_native_capture() noexcept {
  g_recorder.native_domains = domains_of(g_recorder.options.native) & g_recorder.options.domains;
  if (g_recorder.native_domains == 0) return;
  g_recorder.native_codes.begin(location_of, kMaxCodeBytes, kind_of(g_recorder.options.native));
}

void find_evaluation_function() noexcept {
  if (g_recorder.native_domains == 0) return;
  const void* function = nullptr;
  const auto find = [](void* context, const LoadedModule& module) {
    *static_cast<const void**>(context) = find_symbol(module, "_PyEval_EvalFrameDefault");
  };
  if (g_python.found) visit_module_at(g_python.module_start, find, &function);
  g_recorder.native_codes.set_evaluation(function);
}

void forget_unloaded_code() noexcept {
  if (!end_unloaded_modules(g_recorder.records) || g_recorder.native_domains == 0) return;
  forget_known_code();
  g_recorder.native_codes.table().invalidate();
}

void abandon_native_capture() noexcept {
  abandon_code_search();
  g_recorder.native_codes.table().abandon();
}

}  // namespace cistern::preload
