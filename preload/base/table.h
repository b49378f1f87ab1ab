// An insert-only hash table of small entries. Look-ups take no lock and run in any thread; insertions require the
// caller's lock. Memory comes from map_memory() and is bounded by limit().
//
// Invariants:
// 1. An entry's id is stored last. The id 0 marks an empty slot.
// 2. When the slots are full, an array of twice as many reslots them. The old array stays mapped, but its pages are
//    freed and read as zero. A reader that finds nothing there looks again in the new array.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "preload/arch/arch.h"
#include "preload/base/memory.h"

namespace cistern::preload {

// Entry: trivially copyable, with `uint32_t id` as its last member (accessed atomically), `bool same(const Entry&)
// const` and `uint64_t hash() const`.
template <typename Entry>
class Table {
 public:
  // Limits the mapped bytes. At most half of them hold entries.
  void limit(uint64_t max_bytes) noexcept { max_bytes_ = max_bytes; }

  // Returns the id of the entry with the key of `key`; 0 when there is none. Any thread.
  uint32_t find(const Entry& key) const noexcept { return find(key, accept_any); }

  // The same for entries whose keys are equal and whose id accept(id) returns true for. Any thread.
  template <typename Accept>
  uint32_t find(const Entry& key, Accept accept) const noexcept {
    uint32_t id = 0;
    find_newest(key, id, accept);
    return id;
  }

  // Returns the entry itself, or nullptr. Any thread. Without the caller's lock the entry may become zero or another
  // entry, if the table grows or is emptied meanwhile.
  Entry* find_entry(const Entry& key) const noexcept {
    uint32_t id = 0;
    return find_newest(key, id, accept_any);
  }

  // Makes sure that one more entry fits. Requires the caller's lock. Returns false at the limit, or without memory.
  bool reserve_one() noexcept {
    const Slots* const slots = slots_.load(std::memory_order_relaxed);
    return (slots != nullptr && used_ != kNoMemory && used_ + used_ / 2 <= slots->mask) || grow();
  }

  // Adds an entry whose key is not in the table. Requires entry.id != 0, the caller's lock, and reserve_one().
  void insert(const Entry& entry) noexcept {
    put(*slots_.load(std::memory_order_relaxed), entry);
    ++used_;
  }

  uint64_t used() const noexcept { return used_; }
  uint64_t bytes() const noexcept { return bytes_; }

  // Empties the table. Requires that no other thread reads it: in a forked child.
  void clear() noexcept {
    if (Slots* const slots = slots_.load(std::memory_order_relaxed); slots != nullptr) {
      const uint64_t mask = slots->mask;
      clear_memory(slots, mapped_bytes(mask));
      slots->mask = mask;
    }
    used_ = 0;
  }

  // Empties the table while other threads read it. Requires the caller's lock. The table then uses the array that it
  // had before the last call, or else a new one; without memory for a new one nothing can be added any more. A reader
  // that copies an entry while this is called twice may get halves of two entries: see find_entry().
  void empty_while_read() noexcept {
    Slots* const old = slots_.load(std::memory_order_relaxed);
    if (old == nullptr) return;
    Slots* const next = spare_ != nullptr ? spare_ : make(kFirstSlots - 1);
    used_ = next == nullptr ? kNoMemory : 0;
    if (next != nullptr) slots_.store(next, std::memory_order_release);  // pairs with find_newest()
    const uint64_t mask = old->mask;
    clear_memory(old, mapped_bytes(mask));
    if (next == nullptr) return;
    old->mask = mask;
    spare_ = old;
  }

  // Calls visit(entry) for every entry. Requires the caller's lock.
  template <typename Visit>
  void for_each(Visit visit) noexcept {
    Slots* const slots = slots_.load(std::memory_order_relaxed);
    for (uint64_t i = 0; slots != nullptr && i <= slots->mask; ++i) {
      if (slots->entries()[i].id != 0) visit(slots->entries()[i]);
    }
  }

 private:
  static constexpr uint64_t kFirstSlots = 4096;
  static constexpr uint64_t kNoMemory = UINT64_MAX;
  struct alignas(64) Slots {
    uint64_t mask;
    Entry* entries() const noexcept { return reinterpret_cast<Entry*>(const_cast<Slots*>(this) + 1); }
  };
  static_assert(sizeof(Slots) % sizeof(Entry) == 0, "no entry crosses a page");

  static uint64_t mapped_bytes(uint64_t mask) noexcept {
    return (sizeof(Slots) + (mask + 1) * sizeof(Entry) + kPageBytes - 1) & ~uint64_t{kPageBytes - 1};
  }

  static constexpr bool accept_any(uint32_t) noexcept { return true; }

  template <typename Accept>
  Entry* find_newest(const Entry& key, uint32_t& id, Accept accept) const noexcept {
    const Slots* slots = slots_.load(std::memory_order_acquire);  // pairs with grow()
    while (slots != nullptr) {
      if (Entry* const entry = find_in(*slots, key, id, accept); entry != nullptr) return entry;
      const Slots* const newer = slots_.load(std::memory_order_acquire);  // pairs with grow()
      if (newer == slots) break;
      slots = newer;
    }
    return nullptr;
  }

  template <typename Accept>
  static Entry* find_in(const Slots& slots, const Entry& key, uint32_t& found, Accept accept) noexcept {
    for (uint64_t i = key.hash() & slots.mask;; i = (i + 1) & slots.mask) {
      Entry& entry = slots.entries()[i];
      const std::atomic_ref<uint32_t> entry_id(entry.id);
      const uint32_t id = entry_id.load(std::memory_order_acquire);  // pairs with put()
      if (id == 0) return nullptr;
      if (!entry.same(key)) continue;
      // The page may have been freed while the key was compared; then the id reads as 0, too.
      std::atomic_thread_fence(std::memory_order_acquire);
      if (entry_id.load(std::memory_order_relaxed) == 0) return nullptr;
      if (!accept(id)) continue;
      found = id;
      return &entry;
    }
  }

  static void put(Slots& slots, const Entry& entry) noexcept {
    uint64_t i = entry.hash() & slots.mask;
    while (slots.entries()[i].id != 0) i = (i + 1) & slots.mask;
    Entry& slot = slots.entries()[i];
    static_assert(offsetof(Entry, id) + sizeof entry.id + alignof(Entry) > sizeof(Entry), "the id comes last");
    std::memcpy(static_cast<void*>(&slot), &entry, offsetof(Entry, id));
    std::atomic_ref<uint32_t>(slot.id).store(entry.id, std::memory_order_release);  // pairs with find_in()
  }

  // Returns empty slots.
  Slots* make(uint64_t mask) noexcept {
    if (bytes_ + mapped_bytes(mask) > max_bytes_) return nullptr;
    auto* const made = static_cast<Slots*>(map_filled_memory(mapped_bytes(mask)));
    if (made == nullptr) return nullptr;
    bytes_ += mapped_bytes(mask);
    made->mask = mask;
    return made;
  }

  bool grow() noexcept {
    if (used_ == kNoMemory) return false;
    Slots* const old = slots_.load(std::memory_order_relaxed);
    Slots* const made = make(old == nullptr ? kFirstSlots - 1 : 2 * old->mask + 1);
    if (made == nullptr) return false;
    for (uint64_t i = 0; old != nullptr && i <= old->mask; ++i) {
      if (old->entries()[i].id != 0) put(*made, old->entries()[i]);
    }
    slots_.store(made, std::memory_order_release);  // pairs with find_newest()
    if (old != nullptr) clear_memory(old, mapped_bytes(old->mask));
    return true;
  }

  std::atomic<Slots*> slots_{nullptr};
  Slots* spare_ = nullptr;  // empty
  uint64_t used_ = 0;
  uint64_t bytes_ = 0;  // mapped, including old arrays
  uint64_t max_bytes_ = UINT64_MAX;
};

constexpr uint64_t mix_hash(uint64_t value) noexcept {
  value *= 0x9e3779b97f4a7c15;
  return value ^ value >> 29;
}

}  // namespace cistern::preload
