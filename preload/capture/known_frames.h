// What frames came to be as nodes of the stack tree, by where they are and what called them: most of what a program
// calls it called a moment ago, and asking here is ten instructions instead of fifty. One thread's.
#pragma once

#include <cstdint>

#include "cistern/ids.h"
#include "preload/base/memory.h"

namespace cistern::preload {

class KnownFrames {
 public:
  // What called a frame, and the interner's epoch, outside of which a place may mean another frame.
  static uint64_t caller_in(uint32_t epoch, StackId caller) noexcept { return uint64_t{epoch} << 32 | raw(caller); }

  struct Entry {
    uint64_t place = 0;   // of a frame, as FrameReader::place_of() has it
    uint64_t caller = 0;  // caller_in(); 0: nothing is remembered here
    const uint8_t* code = nullptr;
    CodeId code_id{};
    StackId node{};
  };

  // Maps what it needs, once. Returns false without memory.
  bool ensure() noexcept {
    if (entries_ == nullptr) entries_ = static_cast<Entry*>(map_filled_memory(kEntries * sizeof(Entry)));
    return entries_ != nullptr;
  }
  void give_back() noexcept {
    if (entries_ != nullptr) unmap_memory(entries_, kEntries * sizeof(Entry));
    entries_ = nullptr;
  }

  // Where the frame at `place` called from `caller` is remembered, or would be. Requires ensure().
  Entry& at(uint64_t place, uint64_t caller) const noexcept {
    constexpr unsigned kCallerShift = 32;  // places differ in their lower bits, and so do callers
    return entries_[(place ^ caller << kCallerShift) * 0x9e3779b97f4a7c15 >> (64 - kEntryBits)];
  }

 private:
  static constexpr unsigned kEntryBits = 8;
  static constexpr uint32_t kEntries = 1 << kEntryBits;  // more of them push more of the program out of the caches

  Entry* entries_ = nullptr;
};

}  // namespace cistern::preload
