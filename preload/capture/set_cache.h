// What was noted last: groups of items in a room that is used again and again. The items of one group lie together, and
// are there until so much was noted after them that the room came round. Memory is the owner's.
#pragma once

#include <algorithm>
#include <cstdint>

namespace cistern::preload {

template <typename Item>
class Recent {
 public:
  // `count`: a power of two.
  void use(Item* items, uint32_t count) noexcept {
    items_ = items;
    count_ = count;
  }
  uint32_t count() const noexcept { return count_; }

  void begin_group() noexcept { first_ = next_; }
  // Left out when the group already fills the room. A group that comes to the end of the room begins anew at its front.
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

  // The group that is being made, by the number of its first item, counted from the beginning of time (which 32 bits
  // would not hold), and its size.
  uint64_t first() const noexcept { return first_; }
  uint32_t size() const noexcept { return static_cast<uint32_t>(next_ - first_); }
  // Whether the group that began at `first` is still there.
  bool holds(uint64_t first) const noexcept { return next_ - first <= count_; }
  Item* at(uint64_t number) const noexcept { return items_ + (number & (count_ - 1)); }

 private:
  Item* items_ = nullptr;
  uint32_t count_ = 0;
  uint64_t first_ = 0;
  uint64_t next_ = 0;
};

}  // namespace cistern::preload
