#include "preload/capture/entry_frames.h"

namespace cistern::preload {
namespace {

constexpr uint32_t kMaxEntries = 1'000'000;  // of a chain; a longer chain is assumed to be a loop

bool lies_in(const uint8_t* place, uintptr_t low, uintptr_t high) noexcept {
  const auto at = reinterpret_cast<uintptr_t>(place);
  return at >= low && at < high;
}

// _PyCFrame.previous follows current_frame (Include/cpython/pystate.h, 3.11 and 3.12).
const uint8_t* outer_cframe(const PythonLayout& layout, const uint8_t* cframe) noexcept {
  return load_pointer(cframe, layout.cframe_frame + sizeof(void*));
}

bool has_cframe(const PythonLayout& layout, const uint8_t* tstate, uintptr_t low, uintptr_t high) noexcept {
  const uint8_t* at = load_pointer(tstate, layout.tstate_frame);
  for (uint32_t i = 0; at != nullptr && i < kMaxEntries; ++i) {
    if (lies_in(at, low, high)) return true;
    at = outer_cframe(layout, at);
  }
  return false;
}

bool has_entry_frame(const PythonLayout& layout, const uint8_t* tstate, uintptr_t low, uintptr_t high) noexcept {
  const uint8_t* at = load_pointer(tstate, layout.tstate_frame);
  for (uint32_t i = 0; at != nullptr && i < kMaxEntries; ++i) {
    if (load<uint8_t>(at, layout.owner) >= kOwnedByC && lies_in(at, low, high)) return true;
    at = load_pointer(at, layout.previous);
  }
  return false;
}

}  // namespace

uint32_t reentry_callers(const PythonLayout& layout, const uint8_t* tstate, const uint8_t** frames,
                         uint32_t size) noexcept {
  uint32_t count = 0;
  const uint8_t* at = tstate == nullptr ? nullptr : load_pointer(tstate, layout.tstate_frame);
  while (at != nullptr && count < kMaxEntries && (at = outer_cframe(layout, at)) != nullptr) {
    if (count < size) frames[count] = load_pointer(at, layout.cframe_frame);
    ++count;
  }
  return count;
}

bool is_evaluation_frame(const Interpreter& python, const uint8_t* tstate, uintptr_t low, uintptr_t high) noexcept {
  if (tstate == nullptr || python.layout == nullptr || python.layout->owner == kNoOffset) return false;
  const PythonLayout& layout = *python.layout;
  return layout.cframe_frame != kNoOffset ? has_cframe(layout, tstate, low, high)
                                          : has_entry_frame(layout, tstate, low, high);
}

}  // namespace cistern::preload
