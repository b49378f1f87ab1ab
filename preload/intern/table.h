// An insert-only hash table of small entries: look-ups lock nothing, insertions are serialised by the caller. Entries
// carry an id that is stored last; 0 is an empty place. A table that fills up is replaced by one of twice the size; the
// old one stays mapped, so that a reader that still looks there misses at worst, and then asks again under the lock.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/base/memory.h"

namespace cistern::preload {

// Entry: trivially copyable, with `uint32_t id` (accessed atomically), `bool same(const Entry&) const` and
// `uint64_t hash() const`.
template <typename Entry>
class Table {
 public:
  // Finds the entry with the key of `key`. Returns nullptr when it is not there. Any thread.
  Entry* find(const Entry& key) const noexcept {
    const Places* const places = places_.load(std::memory_order_acquire);  // pairs with grow()
    if (places == nullptr) return nullptr;
    for (uint64_t i = key.hash() & places->mask;; i = (i + 1) & places->mask) {
      Entry& entry = places->entries()[i];
      const uint32_t id = std::atomic_ref<uint32_t>(entry.id).load(std::memory_order_acquire);  // pairs with insert()
      if (id == 0) return nullptr;
      if (entry.same(key)) return &entry;
    }
  }

  // Adds an entry whose key is not there. Requires entry.id != 0 and the caller's lock. Returns false without memory.
  bool insert(const Entry& entry) noexcept {
    Places* places = places_.load(std::memory_order_relaxed);
    if (places == nullptr || used_ + used_ / 2 > places->mask) {
      if (!grow()) return false;
      places = places_.load(std::memory_order_relaxed);
    }
    put(*places, entry);
    ++used_;
    return true;
  }

  uint64_t used() const noexcept { return used_; }
  uint64_t bytes() const noexcept {
    const Places* const places = places_.load(std::memory_order_relaxed);
    return places == nullptr ? 0 : (places->mask + 1) * sizeof(Entry);
  }

  // Empties the table. Only where no other thread looks: in a forked child.
  void clear() noexcept {
    if (Places* const places = places_.load(std::memory_order_relaxed); places != nullptr) {
      const uint64_t mask = places->mask;
      clear_memory(places, mapped_bytes(mask));
      places->mask = mask;
    }
    used_ = 0;
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
  struct alignas(64) Places {
    uint64_t mask;
    Entry* entries() const noexcept { return reinterpret_cast<Entry*>(const_cast<Places*>(this) + 1); }
  };

  static uint64_t mapped_bytes(uint64_t mask) noexcept { return sizeof(Places) + (mask + 1) * sizeof(Entry); }

  static void put(Places& places, const Entry& entry) noexcept {
    uint64_t i = entry.hash() & places.mask;
    while (places.entries()[i].id != 0) i = (i + 1) & places.mask;
    Entry& place = places.entries()[i];
    const uint32_t id = entry.id;
    Entry without_id = entry;
    without_id.id = 0;
    place = without_id;
    std::atomic_ref<uint32_t>(place.id).store(id, std::memory_order_release);  // pairs with find()
  }

  bool grow() noexcept {
    const Places* const old = places_.load(std::memory_order_relaxed);
    const uint64_t places = old == nullptr ? kFirstPlaces : 2 * (old->mask + 1);
    auto* const made = static_cast<Places*>(map_memory(mapped_bytes(places - 1)));
    if (made == nullptr) return false;
    made->mask = places - 1;
    for (uint64_t i = 0; old != nullptr && i <= old->mask; ++i) {
      if (old->entries()[i].id != 0) put(*made, old->entries()[i]);
    }
    places_.store(made, std::memory_order_release);  // pairs with find()
    return true;
  }

  std::atomic<Places*> places_{nullptr};
  uint64_t used_ = 0;
};

constexpr uint64_t mix_hash(uint64_t value) noexcept {
  value *= 0x9e3779b97f4a7c15;
  return value ^ value >> 29;
}

}  // namespace cistern::preload
