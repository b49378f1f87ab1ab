// Live blocks at any address: a hash table, 24 bytes a slot. Open addressing with linear probing; a removal moves
// followers back, so there are no tombstones and a look-up of an absent address stays short. The table consists of
// kSegments small tables that grow separately, so there never are two copies of all blocks. A small table is at most
// half full, a larger one three quarters.
#pragma once

#include <tsl/robin_map.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "analyzer/model/block.h"
#include "analyzer/read/mixed_hash.h"

namespace cistern::analyzer {

class BlockTable {
 public:
  uint64_t size() const noexcept { return count_; }
  void prefetch(uint64_t address) const noexcept {
    const uint64_t hash = hash_of(address);
    const Segment& segment = segments_[hash >> kSegmentShift];
    __builtin_prefetch(segment.slots.data() + segment.home(hash));
  }

  // Puts `block` at `address`. Returns whether a block was there; `was` is then that block.
  bool put(uint64_t address, const Block& block, Block& was) {
    const uint64_t hash = hash_of(address);
    Segment& segment = segments_[hash >> kSegmentShift];
    if (segment.count >= segment.limit) [[unlikely]]
      grow(segment);
    size_t at = segment.home(hash);
    for (; segment.slots[at].live(); at = segment.next(at)) {
      if (segment.slots[at].address != address) continue;
      was = block_of(segment.slots[at]);
      write(segment.slots[at], address, block);
      return true;
    }
    write(segment.slots[at], address, block);
    ++segment.count;
    ++count_;
    return false;
  }

  // Removes the block at `address`. Returns whether one was there; `block` is then that block.
  bool take(uint64_t address, Block& block) noexcept {
    const uint64_t hash = hash_of(address);
    Segment& segment = segments_[hash >> kSegmentShift];
    if (segment.count == 0) return false;
    for (size_t at = segment.home(hash); segment.slots[at].live(); at = segment.next(at)) {
      if (segment.slots[at].address != address) continue;
      block = block_of(segment.slots[at]);
      if (segment.slots[at].size_bytes == kLarge) large_.erase(address);
      erase(segment, at);
      return true;
    }
    return false;
  }

  // Calls visit(address, const Block&), in no particular order.
  template <typename F>
  void for_each(F&& visit) const {
    for (const Segment& segment : segments_) {
      for (const Slot& slot : segment.slots) {
        if (slot.live()) visit(slot.address, block_of(slot));
      }
    }
  }

 private:
  static constexpr size_t kSegments = 64;
  static constexpr unsigned kSegmentShift = 58;
  static constexpr size_t kFirstSlots = 16;
  static constexpr size_t kSmallSlots = 1 << 14;  // 24 MiB in all
  static constexpr uint32_t kLarge = UINT32_MAX;  // the size is in large_

  struct Slot {
    uint64_t address = 0;
    uint64_t birth = 0;
    uint32_t size_bytes = 0;
    uint32_t site_and_1 = 0;  // 0: no block
    bool live() const noexcept { return site_and_1 != 0; }
  };
  static_assert(sizeof(Slot) == 24);

  struct Segment {
    std::vector<Slot> slots;
    size_t count = 0;
    size_t limit = 0;
    size_t next(size_t at) const noexcept { return ++at == slots.size() ? 0 : at; }
    // The highest bits of the hash select the segment, the next ones the slot.
    size_t home(uint64_t hash) const noexcept {
      return static_cast<size_t>((hash << (64 - kSegmentShift) >> 32) * slots.size() >> 32);
    }
  };

  static uint64_t hash_of(uint64_t address) noexcept { return (address >> 4) * 0x9E3779B97F4A7C15u; }

  Block block_of(const Slot& slot) const noexcept {
    const uint64_t size = slot.size_bytes == kLarge ? large_.at(slot.address) : slot.size_bytes;
    return {size, slot.birth, slot.site_and_1 - 1};
  }

  void write(Slot& slot, uint64_t address, const Block& block) {
    if (slot.size_bytes == kLarge && slot.live()) large_.erase(address);
    if (block.size_bytes >= kLarge) large_[address] = block.size_bytes;
    const auto size = static_cast<uint32_t>(block.size_bytes >= kLarge ? kLarge : block.size_bytes);
    slot = {address, block.birth, size, block.site + 1};
  }

  void erase(Segment& segment, size_t hole) noexcept {
    --segment.count;
    --count_;
    const size_t size = segment.slots.size();
    const auto distance = [size](size_t from, size_t to) { return to >= from ? to - from : to + size - from; };
    for (size_t at = segment.next(hole); segment.slots[at].live(); at = segment.next(at)) {
      const size_t wanted = segment.home(hash_of(segment.slots[at].address));
      if (distance(wanted, at) < distance(hole, at)) continue;  // its home slot lies after the hole
      segment.slots[hole] = segment.slots[at];
      hole = at;
    }
    segment.slots[hole].site_and_1 = 0;
  }

  static void grow(Segment& segment) {
    const std::vector<Slot> old = std::move(segment.slots);
    const bool small = old.size() < kSmallSlots;
    const size_t size = old.empty() ? kFirstSlots : small ? old.size() * 2 : old.size() + old.size() / 4;
    segment.slots.assign(size, Slot{});
    segment.limit = small ? size / 2 : size / 4 * 3;
    for (const Slot& slot : old) {
      if (!slot.live()) continue;
      size_t at = segment.home(hash_of(slot.address));
      while (segment.slots[at].live()) at = segment.next(at);
      segment.slots[at] = slot;
    }
  }

  std::array<Segment, kSegments> segments_;
  tsl::robin_map<uint64_t, uint64_t, MixedHash> large_;  // sizes of kLarge and more, by address
  uint64_t count_ = 0;
};

}  // namespace cistern::analyzer
