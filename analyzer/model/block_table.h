// The live blocks by address. Open addressing with linear probing; a removal moves followers back, so there are no
// tombstones and a look-up of an absent address stays short. prefetch() hides the cache miss of a look-up that is known
// to come. Pointers returned are valid until the next insert or erase. Memory: 32 bytes a slot, at most 5/8 full.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace cistern::analyzer {

struct Block {
  uint64_t size_bytes = 0;  // requested
  uint64_t birth = 0;       // when it was first allocated; a realloc keeps it
  uint32_t site = 0;        // who asked for it, index into Sites
  bool live = false;        // the table's own
};

class BlockTable {
 public:
  BlockTable() : slots_(kFirstSlots) {}

  uint64_t size() const noexcept { return count_; }
  void prefetch(uint64_t address) const noexcept { __builtin_prefetch(&slots_[home(address)]); }

  Block* find(uint64_t address) noexcept {
    for (size_t at = home(address); slots_[at].block.live; at = next(at)) {
      if (slots_[at].address == address) return &slots_[at].block;
    }
    return nullptr;
  }

  // Requires: `address` is not in the table.
  void insert(uint64_t address, const Block& block) {
    if ((count_ + 1) * 8 > slots_.size() * 5) grow();
    place(address, block);
    ++count_;
  }

  // Requires: `block` was returned by find() and nothing was inserted or erased since.
  void erase(Block* block) noexcept {
    auto hole = static_cast<size_t>(reinterpret_cast<Slot*>(reinterpret_cast<char*>(block) - offsetof(Slot, block)) -
                                    slots_.data());
    --count_;
    for (size_t at = next(hole); slots_[at].block.live; at = next(at)) {
      const size_t wanted = home(slots_[at].address);
      if (((at - wanted) & mask()) < ((at - hole) & mask())) continue;  // it is at home between hole and here
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole].block.live = false;
  }

  template <typename F>
  void for_each(F&& visit) const {
    for (const Slot& slot : slots_) {
      if (slot.block.live) visit(slot.address, slot.block);
    }
  }

 private:
  static constexpr size_t kFirstSlots = 1024;
  struct Slot {
    uint64_t address = 0;
    Block block;
  };
  static_assert(sizeof(Slot) == 32);

  size_t mask() const noexcept { return slots_.size() - 1; }
  size_t next(size_t at) const noexcept { return (at + 1) & mask(); }
  size_t home(uint64_t address) const noexcept {
    const uint64_t hash = (address >> 4) * 0x9E3779B97F4A7C15u;
    return static_cast<size_t>(hash >> 32) & mask();
  }

  void place(uint64_t address, const Block& block) noexcept {
    size_t at = home(address);
    while (slots_[at].block.live) at = next(at);
    slots_[at] = {address, block};
    slots_[at].block.live = true;
  }

  void grow() {
    std::vector<Slot> old(slots_.size() * 2);
    old.swap(slots_);
    for (const Slot& slot : old) {
      if (slot.block.live) place(slot.address, slot.block);
    }
  }

  std::vector<Slot> slots_;
  uint64_t count_ = 0;
};

}  // namespace cistern::analyzer
