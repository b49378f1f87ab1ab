// An insert-only hash table of small entries: look-ups lock nothing, insertions are serialised by the caller. Entries
// carry an id that is stored last; 0 is an empty place. Places that fill up are replaced by twice as many; the old ones
// stay mapped, but their pages are given back and read as zero: a reader that misses there looks again in the new ones.
// What is mapped in all, old places too, is bounded.
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
  // Bounds the mapped bytes, of which those that hold entries are half.
  void limit(uint64_t max_bytes) noexcept { max_bytes_ = max_bytes; }

  // The id of the entry with the key of `key`; 0 when it is not there. Any thread.
  uint32_t find(const Entry& key) const noexcept { return find(key, accept_any); }

  // The same among entries that are told apart by accept(id), beside their keys. Any thread.
  template <typename Accept>
  uint32_t find(const Entry& key, Accept accept) const noexcept {
    uint32_t id = 0;
    look(key, id, accept);
    return id;
  }

  // The entry itself, or nullptr. Any thread; without the caller's lock it may read as zero, its id too, and be another
  // one when the table was renewed meanwhile.
  Entry* place(const Entry& key) const noexcept {
    uint32_t id = 0;
    return look(key, id, accept_any);
  }

  // Makes room for one entry more. Requires the caller's lock. Returns false at the limit, or without memory.
  bool make_room() noexcept {
    const Places* const places = places_.load(std::memory_order_relaxed);
    return (places != nullptr && used_ != kNoRoom && used_ + used_ / 2 <= places->mask) || grow();
  }

  // Adds an entry whose key is not there. Requires entry.id != 0, the caller's lock, and room.
  void insert(const Entry& entry) noexcept {
    put(*places_.load(std::memory_order_relaxed), entry);
    ++used_;
  }

  uint64_t used() const noexcept { return used_; }
  uint64_t bytes() const noexcept { return bytes_; }

  // Empties the table. Only where no other thread looks: in a forked child.
  void clear() noexcept {
    if (Places* const places = places_.load(std::memory_order_relaxed); places != nullptr) {
      const uint64_t mask = places->mask;
      clear_memory(places, mapped_bytes(mask));
      places->mask = mask;
    }
    used_ = 0;
  }

  // Empties the table while others look: they find nothing, and then what comes. Requires the caller's lock. The places
  // are those from before the last renewal, else new ones; without memory for these nothing can be added any more. An
  // entry that is being copied while the table is renewed twice may come out as two halves: see place().
  void renew() noexcept {
    Places* const old = places_.load(std::memory_order_relaxed);
    if (old == nullptr) return;
    Places* const next = spare_ != nullptr ? spare_ : make(kFirstPlaces - 1);
    used_ = next == nullptr ? kNoRoom : 0;
    if (next != nullptr) places_.store(next, std::memory_order_release);  // pairs with look()
    const uint64_t mask = old->mask;
    clear_memory(old, mapped_bytes(mask));
    if (next == nullptr) return;
    old->mask = mask;
    spare_ = old;
  }

  // Calls visit(entry) for every entry. Requires the caller's lock.
  template <typename Visit>
  void for_each(Visit visit) noexcept {
    Places* const places = places_.load(std::memory_order_relaxed);
    for (uint64_t i = 0; places != nullptr && i <= places->mask; ++i) {
      if (places->entries()[i].id != 0) visit(places->entries()[i]);
    }
  }

 private:
  static constexpr uint64_t kFirstPlaces = 4096;
  static constexpr uint64_t kNoRoom = UINT64_MAX;
  struct alignas(64) Places {
    uint64_t mask;
    Entry* entries() const noexcept { return reinterpret_cast<Entry*>(const_cast<Places*>(this) + 1); }
  };
  static_assert(sizeof(Places) % sizeof(Entry) == 0, "no entry lies in two pages");

  static uint64_t mapped_bytes(uint64_t mask) noexcept {
    return (sizeof(Places) + (mask + 1) * sizeof(Entry) + kPageBytes - 1) & ~uint64_t{kPageBytes - 1};
  }

  static constexpr bool accept_any(uint32_t) noexcept { return true; }

  template <typename Accept>
  Entry* look(const Entry& key, uint32_t& id, Accept accept) const noexcept {
    const Places* places = places_.load(std::memory_order_acquire);  // pairs with grow()
    while (places != nullptr) {
      if (Entry* const entry = look_in(*places, key, id, accept); entry != nullptr) return entry;
      const Places* const newer = places_.load(std::memory_order_acquire);  // pairs with grow()
      if (newer == places) break;
      places = newer;
    }
    return nullptr;
  }

  template <typename Accept>
  static Entry* look_in(const Places& places, const Entry& key, uint32_t& found, Accept accept) noexcept {
    for (uint64_t i = key.hash() & places.mask;; i = (i + 1) & places.mask) {
      Entry& entry = places.entries()[i];
      const std::atomic_ref<uint32_t> entry_id(entry.id);
      const uint32_t id = entry_id.load(std::memory_order_acquire);  // pairs with put()
      if (id == 0) return nullptr;
      if (!entry.same(key)) continue;
      // The page may have been given back between two looks at the key; then the id is gone too.
      std::atomic_thread_fence(std::memory_order_acquire);
      if (entry_id.load(std::memory_order_relaxed) == 0) return nullptr;
      if (!accept(id)) continue;
      found = id;
      return &entry;
    }
  }

  static void put(Places& places, const Entry& entry) noexcept {
    uint64_t i = entry.hash() & places.mask;
    while (places.entries()[i].id != 0) i = (i + 1) & places.mask;
    Entry& place = places.entries()[i];
    static_assert(offsetof(Entry, id) + sizeof entry.id + alignof(Entry) > sizeof(Entry), "the id comes last");
    std::memcpy(static_cast<void*>(&place), &entry, offsetof(Entry, id));
    std::atomic_ref<uint32_t>(place.id).store(entry.id, std::memory_order_release);  // pairs with look_in()
  }

  // Empty places, which readers see when they are stored.
  Places* make(uint64_t mask) noexcept {
    if (bytes_ + mapped_bytes(mask) > max_bytes_) return nullptr;
    auto* const made = static_cast<Places*>(map_filled_memory(mapped_bytes(mask)));
    if (made == nullptr) return nullptr;
    bytes_ += mapped_bytes(mask);
    made->mask = mask;
    return made;
  }

  bool grow() noexcept {
    if (used_ == kNoRoom) return false;
    Places* const old = places_.load(std::memory_order_relaxed);
    Places* const made = make(old == nullptr ? kFirstPlaces - 1 : 2 * old->mask + 1);
    if (made == nullptr) return false;
    for (uint64_t i = 0; old != nullptr && i <= old->mask; ++i) {
      if (old->entries()[i].id != 0) put(*made, old->entries()[i]);
    }
    places_.store(made, std::memory_order_release);  // pairs with look()
    if (old != nullptr) clear_memory(old, mapped_bytes(old->mask));
    return true;
  }

  std::atomic<Places*> places_{nullptr};
  Places* spare_ = nullptr;  // empty
  uint64_t used_ = 0;
  uint64_t bytes_ = 0;  // mapped, old places too
  uint64_t max_bytes_ = UINT64_MAX;
};

constexpr uint64_t mix_hash(uint64_t value) noexcept {
  value *= 0x9e3779b97f4a7c15;
  return value ^ value >> 29;
}

}  // namespace cistern::preload
