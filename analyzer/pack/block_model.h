// Predicts the addresses of a thread's blocks, for both directions of the column codec. An allocator gives a freed
// block to the next request of the same class, or takes the place behind the last block. Packer and reader make the
// same calls in the same order, so both have the same predictions. A wrong prediction costs bytes, nothing else. Blocks
// that were allocated in the segment have a number; others are known by their address.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "analyzer/pack/block_class.h"

namespace cistern::analyzer {

// The tables of a BlockModel. Memory: 60 KiB, and 9 bytes for each block of a segment.
struct BlockTables {
  static constexpr uint32_t kRing = 32;  // a power of two, more than BlockModel::kFreedDepth
  struct Places {                        // of one class
    uint64_t last = 0;
    uint32_t top = 0;     // where the next freed block goes
    uint32_t bottom = 0;  // where the oldest freed block is
    uint32_t count() const noexcept { return top - bottom; }
  };
  using Freed = std::array<uint64_t, kRing>;
  static constexpr size_t kPages = 2048;

  std::array<Places, kBlockClasses> classes;
  std::array<Freed, kBlockClasses> freed;
  std::array<uint64_t, kPages> pages;  // page number and, in the lowest byte, the class that was last allocated in it
  std::unique_ptr<uint64_t[]> addresses;  // of the blocks, by number
  std::unique_ptr<BlockClass[]> block_classes;
  uint32_t capacity = 0;  // number of blocks that fit

  // Forgets everything and makes space for `most_blocks` blocks.
  void reset(uint32_t most_blocks);
};

// Small, so that a local copy can be kept in registers. The copy is written back afterwards.
class BlockModel {
 public:
  // Place codes: where a new block lies.
  static constexpr uint8_t kApart = 0;       // at a distance from the last place of its class, in units of 16
  static constexpr uint8_t kApartBytes = 1;  // the same, in bytes
  static constexpr uint8_t kBehind = 2;      // directly behind the last place of its class
  static constexpr uint8_t kFreed = 3;       // + n: where the n-th last freed block of its class was
  static constexpr uint8_t kFreedDepth = 16;

  BlockModel() = default;
  // Requires: `tables` were reset.
  explicit BlockModel(BlockTables& tables) noexcept
      : classes_(tables.classes.data()),
        freed_(tables.freed.data()),
        pages_(tables.pages.data()),
        addresses_(tables.addresses.get()),
        block_classes_(tables.block_classes.get()),
        capacity_(tables.capacity) {}

  uint8_t place_code(BlockClass of, uint64_t address) const noexcept {
    const Places& places = classes_[of];
    if (freed_[of][(places.top - 1) % kRing] == address && places.count() != 0) return kFreed;
    const uint64_t stride = stride_of(of);
    if (address == places.last + stride && stride != 0) return kBehind;
    return other_place_code(places, freed_[of], address);
  }
  // Whether place() may be called with a code that was read from a file.
  bool can_place(BlockClass of, uint8_t code) const noexcept {
    return code < kFreed || (code - kFreed < kFreedDepth && code - uint32_t{kFreed} < classes_[of].count());
  }
  // The address of a place code other than kApart and kApartBytes. Requires: can_place().
  uint64_t place(BlockClass of, uint8_t code) const noexcept {
    const Places& places = classes_[of];
    if (code == kBehind) return places.last + stride_of(of);
    return freed_[of][(places.top - 1 - (code - kFreed)) % kRing];
  }
  // The address that a distance is relative to.
  uint64_t base(BlockClass of) const noexcept { return classes_[of].last; }
  // A block was allocated at `address`, which has this place code. Returns its number. Requires: has_space().
  uint32_t take(BlockClass of, uint8_t code, uint64_t address) noexcept {
    Places& places = classes_[of];
    if (code >= kFreed) {
      if (code > kFreed) [[unlikely]]
        close_gap(places, freed_[of], code - kFreed);
      --places.top;
    }
    places.last = address;
    const uint64_t page = address >> kPageShift;
    if (of <= kPoolClasses) pages_[page % BlockTables::kPages] = page << 8 | of;
    addresses_[blocks_] = address;
    block_classes_[blocks_] = of;
    return blocks_++;
  }
  bool has_space() const noexcept { return blocks_ < capacity_; }

  uint32_t blocks() const noexcept { return blocks_; }
  uint64_t address_of(size_t number) const noexcept { return addresses_[number]; }
  void free_block(size_t number) noexcept { put_freed(block_classes_[number], addresses_[number]); }
  // Frees a block that was not allocated in the segment. Its class is assumed to be that of its page.
  void free_block_at(uint64_t address) noexcept {
    const uint64_t page = pages_[(address >> kPageShift) % BlockTables::kPages];
    const auto of = static_cast<BlockClass>(page);
    if (page >> 8 == address >> kPageShift && of != kNoClass) put_freed(of, address);
  }
  // A block changed its class but not its place.
  void change(size_t number, BlockClass to) noexcept { block_classes_[number] = to; }

 private:
  using Places = BlockTables::Places;
  using Freed = BlockTables::Freed;
  static constexpr uint32_t kRing = BlockTables::kRing;
  static constexpr unsigned kPageShift = 12;

  static uint8_t other_place_code(const Places& places, const Freed& freed, uint64_t address) noexcept;
  static void close_gap(const Places& places, Freed& freed, uint32_t ago) noexcept;
  void put_freed(BlockClass of, uint64_t address) noexcept {
    Places& places = classes_[of];
    const uint32_t top = places.top;
    freed_[of][top % kRing] = address;
    places.top = top + 1;
    if (places.count() > kRing) [[unlikely]]
      places.bottom = top + 1 - kRing;
  }

  Places* classes_ = nullptr;
  Freed* freed_ = nullptr;
  uint64_t* pages_ = nullptr;
  uint64_t* addresses_ = nullptr;
  BlockClass* block_classes_ = nullptr;
  uint32_t blocks_ = 0;
  uint32_t capacity_ = 0;
};

}  // namespace cistern::analyzer
