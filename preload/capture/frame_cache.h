// A thread's cache of resolved frames: position and caller → code object and node; and of code objects' ids. A program
// mostly calls what it called a moment ago. A hit costs ten instructions where the interner costs fifty, and it does
// not touch the code object, which is seldom in the processor's cache. Used by one thread.
//
//     Entry, 256 of them, direct-mapped by a hash of (position, caller):
//       position_key   FrameReader::position_key_of(frame): the code object and the position in it, as one number
//       caller         epoch << 32 | node of the caller: an entry of an older epoch never matches
//       code, code_id, node    what the interner answered
#pragma once

#include <cstdint>

#include "cistern/format/ids.h"
#include "preload/base/memory.h"

namespace cistern::preload {

class FrameCache {
 public:
  // The caller's node together with the interner's epoch: in another epoch a position may mean another frame.
  static uint64_t caller_key(uint32_t epoch, StackId caller) noexcept { return uint64_t{epoch} << 32 | raw(caller); }

  struct Entry {
    uint64_t position_key = 0;
    uint64_t caller = 0;  // caller_key(); 0: the entry is empty
    const uint8_t* code = nullptr;
    CodeId code_id{};
    StackId node{};
  };

  struct Code {
    const uint8_t* code = nullptr;
    uint32_t epoch = 0;
    CodeId id{};
  };

  // Maps the tables, once. Returns false without memory.
  bool ensure() noexcept {
    if (tables_ == nullptr) tables_ = static_cast<Tables*>(map_filled_memory(sizeof(Tables)));
    return tables_ != nullptr;
  }

  // The only entry where the frame at `position_key` called from `caller` can be. Requires ensure().
  Entry& at(uint64_t position_key, uint64_t caller) const noexcept {
    constexpr unsigned kCallerShift = 32;  // positions differ in their lower bits, and so do callers
    return tables_->entries[(position_key ^ caller << kCallerShift) * kMix >> (64 - kEntryBits)];
  }
  // The only entry where the id of `code` can be. Requires ensure().
  Code& at(const uint8_t* code) const noexcept {
    return tables_->codes[reinterpret_cast<uint64_t>(code) * kMix >> (64 - kCodeBits)];
  }

 private:
  // Measured: more entries evict more of the program's data from the processor's caches than they save.
  static constexpr unsigned kEntryBits = 8;
  static constexpr unsigned kCodeBits = 7;
  static constexpr uint64_t kMix = 0x9e3779b97f4a7c15;

  struct Tables {
    Entry entries[1 << kEntryBits];
    Code codes[1 << kCodeBits];
  };

  Tables* tables_ = nullptr;
};

}  // namespace cistern::preload
