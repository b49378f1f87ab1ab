// A circular buffer of groups of items. The items of one group lie next to each other in memory, and stay until so many
// items were added after them that they are overwritten. Used by one thread; the memory belongs to the user.
//
//     items   |  group 7 ...| group 5 (oldest) | group 6     |
//                            ^ overwritten next
//     A group is named by the number of its first item. Numbers count all items ever added, in 64 bits, so they never
//     repeat; the item with number n lies at n modulo count.
#pragma once

#include <algorithm>
#include <cstdint>

namespace cistern::preload {

template <typename Item>
class GroupBuffer {
 public:
  // `count`: a power of two.
  void use(Item* items, uint32_t count) noexcept {
    items_ = items;
    count_ = count;
  }
  uint32_t count() const noexcept { return count_; }

  void begin_group() noexcept { first_ = next_; }
  // Adds to the group that was begun last. An item is dropped when the group fills the whole buffer. A group that
  // reaches the end of the buffer is moved to its front.
  void add(const Item& item) noexcept {
    if (at(next_) == items_ && next_ != first_) {
      const uint64_t size = next_ - first_;
      if (size >= count_) return;
      std::copy_n(at(first_), size, items_);
      first_ = next_;
      next_ += size;
    }
    *at(next_++) = item;
  }

  // The number of the first item of the group that was begun last, and the group's size.
  uint64_t first() const noexcept { return first_; }
  uint32_t size() const noexcept { return static_cast<uint32_t>(next_ - first_); }
  // Whether no item of the group that begins at `first` was overwritten.
  bool holds(uint64_t first) const noexcept { return next_ - first <= count_; }
  Item* at(uint64_t number) const noexcept { return items_ + (number & (count_ - 1)); }

 private:
  Item* items_ = nullptr;
  uint32_t count_ = 0;
  uint64_t first_ = 0;
  uint64_t next_ = 0;
};

}  // namespace cistern::preload
