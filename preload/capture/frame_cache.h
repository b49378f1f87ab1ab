// What frames came to be as nodes of the stack tree, by where they are and what called them, and code objects' ids:
// most of what a program calls it called a moment ago, and asking here is ten instructions instead of fifty, and does
// not touch the code objects, which are seldom in a cache. One thread's.
#pragma once

#include <cstdint>

#include "cistern/format/ids.h"
#include "preload/base/memory.h"

namespace cistern::preload {

class FrameCache {
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

  struct Code {
    const uint8_t* code = nullptr;
    uint32_t epoch = 0;
    CodeId id{};
  };

  // Maps what it needs, once. Returns false without memory.
  bool ensure() noexcept {
    if (room_ == nullptr) room_ = static_cast<Room*>(map_filled_memory(sizeof(Room)));
    return room_ != nullptr;
  }

  // Where the frame at `place` called from `caller` is remembered, or would be. Requires ensure().
  Entry& at(uint64_t place, uint64_t caller) const noexcept {
    constexpr unsigned kCallerShift = 32;  // places differ in their lower bits, and so do callers
    return room_->entries[(place ^ caller << kCallerShift) * kMix >> (64 - kEntryBits)];
  }
  // Where the id of `code` is remembered, or would be. Requires ensure().
  Code& at(const uint8_t* code) const noexcept {
    return room_->codes[reinterpret_cast<uint64_t>(code) * kMix >> (64 - kCodeBits)];
  }

 private:
  // More of them push more of the program out of the caches.
  static constexpr unsigned kEntryBits = 8;
  static constexpr unsigned kCodeBits = 7;
  static constexpr uint64_t kMix = 0x9e3779b97f4a7c15;

  struct Room {
    Entry entries[1 << kEntryBits];
    Code codes[1 << kCodeBits];
  };

  Room* room_ = nullptr;
};

}  // namespace cistern::preload
