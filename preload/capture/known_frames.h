// What frames came to be as nodes of the stack tree, by where they are and what called them: most of what a program
// calls it called a moment ago, and asking here is ten instructions instead of fifty. One thread's; what is remembered
// is void when the interner's epoch changes.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cistern/ids.h"
#include "preload/base/memory.h"

namespace cistern::preload {

class KnownFrames {
 public:
  struct Entry {
    uint64_t place = 0;  // that of a frame in its code, as place_of() has it; 0: nothing is remembered here
    StackId caller{};
    StackId node{};
    CodeId code_id{};
    uint32_t reserved = 0;
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
  Entry& at(uint64_t place, StackId caller) const noexcept {
    return entries_[((place ^ uint64_t{raw(caller)} << kCallerShift) * 0x9e3779b97f4a7c15) >> (64 - kEntryBits)];
  }

  void forget() noexcept {
    if (entries_ != nullptr) std::fill_n(entries_, kEntries, Entry{});
  }

 private:
  static constexpr unsigned kEntryBits = 10;
  static constexpr uint32_t kEntries = 1 << kEntryBits;
  static constexpr unsigned kCallerShift = 32;

  Entry* entries_ = nullptr;
};

}  // namespace cistern::preload
