#include "preload/capture/entry_frames.h"

namespace cistern::preload {
namespace {

constexpr int kMaxEntries = 1'000'000;  // of a chain; a longer one is taken for a loop

bool lies_in(const uint8_t* place, uintptr_t low, uintptr_t high) noexcept {
  const auto at = reinterpret_cast<uintptr_t>(place);
  return at >= low && at < high;
}

// _PyCFrame.previous follows current_frame (Include/cpython/pystate.h, 3.11 and 3.12).
bool has_cframe(const PythonLayout& layout, const uint8_t* tstate, uintptr_t low, uintptr_t high) noexcept {
  const uint16_t previous = layout.cframe_frame + sizeof(void*);
  const uint8_t* at = load_pointer(tstate, layout.tstate_frame);
  for (int i = 0; at != nullptr && i < kMaxEntries; ++i) {
    if (lies_in(at, low, high)) return true;
    at = load_pointer(at, previous);
  }
  return false;
}

bool has_entry_frame(const PythonLayout& layout, const uint8_t* tstate, uintptr_t low, uintptr_t high) noexcept {
  const uint8_t* at = load_pointer(tstate, layout.tstate_frame);
  for (int i = 0; at != nullptr && i < kMaxEntries; ++i) {
    if (load<uint8_t>(at, layout.owner) >= kOwnedByC && lies_in(at, low, high)) return true;
    at = load_pointer(at, layout.previous);
  }
  return false;
}

}  // namespace

bool holds_entry(const Interpreter& python, const uint8_t* tstate, uintptr_t low, uintptr_t high) noexcept {
  if (tstate == nullptr || python.layout == nullptr || python.layout->owner == kNoOffset) return false;
  const PythonLayout& layout = *python.layout;
  return layout.cframe_frame != kNoOffset ? has_cframe(layout, tstate, low, high)
                                          : has_entry_frame(layout, tstate, low, high);
}

}  // namespace cistern::preload
