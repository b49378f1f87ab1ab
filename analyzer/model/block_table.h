// The live blocks by address. Open addressing with linear probing; a removal moves followers back, so there are no
// tombstones and a look-up of an absent address stays short. prefetch() hides the cache miss of a look-up that is known
// to come. Pointers returned are valid until the next claim or erase. Memory: 32 bytes a slot, at most half full.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
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
  BlockTable() { resize(kFirstSlots); }
  // A moved-from table may only be destroyed or assigned to.
  BlockTable(BlockTable&&) = default;
  BlockTable& operator=(BlockTable&&) = default;

  uint64_t size() const noexcept { return count_; }
  void prefetch(uint64_t address) const noexcept { __builtin_prefetch(slots_ + home(address)); }

  Block* find(uint64_t address) noexcept {
    for (size_t at = home(address); slots_[at].block.live; at = next(at)) {
      if (slots_[at].address == address) return &slots_[at].block;
    }
    return nullptr;
  }

  // The block at `address` and whether it is new; a new one is the caller's to fill in (by fill()).
  std::pair<Block*, bool> claim(uint64_t address) {
    if (count_ >= limit_) grow();
    size_t at = home(address);
    for (; slots_[at].block.live; at = next(at)) {
      if (slots_[at].address == address) return {&slots_[at].block, false};
    }
    slots_[at].address = address;
    slots_[at].block.live = true;
    ++count_;
    return {&slots_[at].block, true};
  }

  static void fill(Block* slot, const Block& block) noexcept {
    *slot = block;
    slot->live = true;
  }

  // Requires: `block` was returned by find() and nothing was claimed or erased since.
  void erase(Block* block) noexcept {
    auto hole =
        static_cast<size_t>(reinterpret_cast<Slot*>(reinterpret_cast<char*>(block) - offsetof(Slot, block)) - slots_);
    --count_;
    for (size_t at = next(hole); slots_[at].block.live; at = next(at)) {
      const size_t wanted = home(slots_[at].address);
      if (((at - wanted) & mask_) < ((at - hole) & mask_)) continue;  // it is at home between hole and here
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole].block.live = false;
  }

  template <typename F>
  void for_each(F&& visit) const {
    for (const Slot& slot : storage_) {
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

  size_t next(size_t at) const noexcept { return (at + 1) & mask_; }
  size_t home(uint64_t address) const noexcept {
    return static_cast<size_t>((address >> 4) * 0x9E3779B97F4A7C15u >> shift_);
  }

  void resize(size_t slots) {
    storage_.assign(slots, Slot{});
    slots_ = storage_.data();
    mask_ = slots - 1;
    shift_ = 64 - static_cast<size_t>(std::bit_width(mask_));
    limit_ = slots / 2;
  }

  void grow() {
    const std::vector<Slot> old = std::move(storage_);
    resize(old.size() * 2);
    for (const Slot& slot : old) {
      if (!slot.block.live) continue;
      size_t at = home(slot.address);
      while (slots_[at].block.live) at = next(at);
      slots_[at] = slot;
    }
  }

  std::vector<Slot> storage_;
  Slot* slots_ = nullptr;
  size_t mask_ = 0;
  size_t shift_ = 0;  // the hash's highest bits choose: neighbours in memory spread evenly
  size_t limit_ = 0;
  uint64_t count_ = 0;
};

}  // namespace cistern::analyzer
