// pymalloc's arenas. Their blocks are counted as live bytes, so arenas are not; this class counts arenas and their
// bytes.
#pragma once

#include <cstdint>
#include <map>

#include "cistern/format/ids.h"

namespace cistern::analyzer {

struct Arena {
  uint64_t size_bytes = 0;
  uint64_t birth = 0;
  StackId stack{};
};

class Arenas {
 public:
  void make(uint64_t base, const Arena& arena) {
    give_back(base);
    bytes_ += arena.size_bytes;
    peak_bytes_ = bytes_ > peak_bytes_ ? bytes_ : peak_bytes_;
    ++made_;
    by_base_[base] = arena;
  }
  void give_back(uint64_t base) {
    const auto at = by_base_.find(base);
    if (at == by_base_.end()) return;
    bytes_ -= at->second.size_bytes;
    by_base_.erase(at);
  }

  // Sets the figures of earlier arenas, from a snapshot.
  void load_past(uint64_t made, uint64_t peak_bytes) noexcept {
    made_ = made;
    peak_bytes_ = peak_bytes;
  }

  uint64_t count() const noexcept { return by_base_.size(); }
  uint64_t bytes() const noexcept { return bytes_; }
  uint64_t peak_bytes() const noexcept { return peak_bytes_; }
  uint64_t made() const noexcept { return made_; }
  const std::map<uint64_t, Arena>& by_base() const noexcept { return by_base_; }

 private:
  std::map<uint64_t, Arena> by_base_;
  uint64_t bytes_ = 0;
  uint64_t peak_bytes_ = 0;
  uint64_t made_ = 0;
};

}  // namespace cistern::analyzer
