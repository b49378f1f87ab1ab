// What both sides of the column codec know about a thread's blocks, so that most addresses need not be said: an
// allocator gives a freed block to the next request of its class, or carves the next one behind the last. A block that
// was allocated in the segment is known by its number, others by their address. Guesses only: whatever an allocator
// does can be said, it takes more bytes. Both sides make the same calls in the same order. Own memory: about 100 KiB.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "cistern/domain.h"

namespace cistern::analyzer {

// Sizes that an allocator gives the same places to. pymalloc: sixteens up to 512 bytes (Objects/obmalloc.c, 3.8
// – 3.13); glibc: chunks of sixteens with a header of eight bytes (malloc/malloc.c, 2.36), here up to 1 KiB, then
// powers of two.
using BlockClass = uint8_t;
constexpr BlockClass kNoClass = 0;
BlockClass class_of(Domain domain, uint64_t size) noexcept;

class BlockModel {
 public:
  // How a new block's place is told.
  static constexpr uint8_t kApart = 0;       // by its distance from the last place of its class, in units of 16
  static constexpr uint8_t kApartBytes = 1;  // the same, in bytes
  static constexpr uint8_t kBehind = 2;      // right behind the last place of its class
  static constexpr uint8_t kFreed = 3;       // + n: where the block of its class was that was freed n frees ago
  static constexpr uint8_t kFreedDepth = 16;

  void reset();

  uint8_t tell(BlockClass of, uint64_t address) const noexcept;
  // The place that `told` tells, which is not kApart or kApartBytes. Requires can_place(): for what nobody vouches for.
  bool can_place(BlockClass of, uint8_t told) const noexcept {
    return told < kFreed || (told - kFreed < kFreedDepth && told - uint32_t{kFreed} < classes_[of].count);
  }
  uint64_t place(BlockClass of, uint8_t told) const noexcept;
  // What a distance counts from.
  uint64_t base(BlockClass of) const noexcept { return classes_[of].last; }
  // A block is at `address` now, as was told. Returns its number.
  uint32_t take(BlockClass of, uint8_t told, uint64_t address);

  size_t blocks() const noexcept { return blocks_.size(); }
  uint64_t address_of(size_t number) const noexcept { return blocks_[number].address; }
  void give_back(size_t number) noexcept { put_freed(blocks_[number].of, blocks_[number].address); }
  // A block that was not allocated in the segment: its class is taken to be that of its page.
  void give_back_at(uint64_t address) noexcept;
  // A block changed its size where it is.
  void change(size_t number, BlockClass to) noexcept { blocks_[number].of = to; }

 private:
  static constexpr size_t kClasses = 160;
  static constexpr uint32_t kRing = 32;  // a power of two, more than kFreedDepth
  struct Places {
    uint64_t last = 0;
    uint32_t top = 0;    // where the next freed one goes
    uint32_t count = 0;  // kRing at most
    std::array<uint64_t, kRing> freed{};
  };
  struct Block {
    uint64_t address = 0;
    BlockClass of = kNoClass;
  };
  struct Page {
    uint64_t number = 0;
    BlockClass of = kNoClass;
  };
  static constexpr size_t kPages = 2048;
  static constexpr unsigned kPageShift = 12;

  void put_freed(BlockClass of, uint64_t address) noexcept;

  std::array<Places, kClasses> classes_;
  std::array<Page, kPages> pages_;  // the class that was last allocated in a page
  std::vector<Block> blocks_;
};

namespace block_detail {

constexpr uint64_t kUnit = 16;
constexpr uint64_t kMostInPools = 512;
constexpr uint64_t kPoolClasses = kMostInPools / kUnit;
constexpr uint64_t kChunkHeader = 8;
constexpr uint64_t kChunkClasses = 64;

// How far apart neighbours of a class lie; 0 where that is not known.
inline uint64_t stride_of(BlockClass of) noexcept {
  if (of <= kPoolClasses) return of * kUnit;
  return of <= kPoolClasses + kChunkClasses ? (of - kPoolClasses) * kUnit : 0;
}

}  // namespace block_detail

inline BlockClass class_of(Domain domain, uint64_t size) noexcept {
  const bool pooled = (domain == Domain::kMem || domain == Domain::kObj) && size <= block_detail::kMostInPools;
  if (pooled)
    return static_cast<BlockClass>(std::max<uint64_t>(1, (size + block_detail::kUnit - 1) / block_detail::kUnit));
  const uint64_t chunk = (std::max<uint64_t>(size, 3 * block_detail::kChunkHeader) + block_detail::kChunkHeader +
                          block_detail::kUnit - 1) /
                         block_detail::kUnit;
  if (size < block_detail::kChunkClasses * block_detail::kUnit && chunk <= block_detail::kChunkClasses)
    return static_cast<BlockClass>(block_detail::kPoolClasses + chunk);
  return static_cast<BlockClass>(block_detail::kPoolClasses + block_detail::kChunkClasses + 1 +
                                 std::min<uint64_t>(std::bit_width(size), 60));
}

inline uint8_t BlockModel::tell(BlockClass of, uint64_t address) const noexcept {
  const Places& places = classes_[of];
  const uint32_t depth = std::min<uint32_t>(places.count, kFreedDepth);
  for (uint32_t ago = 0; ago < depth; ++ago) {
    if (places.freed[(places.top - 1 - ago) % kRing] == address) return static_cast<uint8_t>(kFreed + ago);
  }
  const uint64_t stride = block_detail::stride_of(of);
  if (stride != 0 && address == places.last + stride) return kBehind;
  return (address - places.last) % block_detail::kUnit == 0 ? kApart : kApartBytes;
}

inline uint64_t BlockModel::place(BlockClass of, uint8_t told) const noexcept {
  const Places& places = classes_[of];
  if (told == kBehind) return places.last + block_detail::stride_of(of);
  return places.freed[(places.top - 1 - (told - kFreed)) % kRing];
}

inline uint32_t BlockModel::take(BlockClass of, uint8_t told, uint64_t address) {
  Places& places = classes_[of];
  if (told >= kFreed) {
    for (uint32_t ago = told - kFreed; ago > 0; --ago) {
      places.freed[(places.top - 1 - ago) % kRing] = places.freed[(places.top - ago) % kRing];
    }
    --places.top;
    --places.count;
  }
  places.last = address;
  if (of <= block_detail::kPoolClasses) pages_[(address >> kPageShift) % kPages] = {address >> kPageShift, of};
  blocks_.push_back({address, of});
  return static_cast<uint32_t>(blocks_.size() - 1);
}

inline void BlockModel::give_back_at(uint64_t address) noexcept {
  const Page& page = pages_[(address >> kPageShift) % kPages];
  if (page.number == address >> kPageShift && page.of != kNoClass) put_freed(page.of, address);
}

inline void BlockModel::put_freed(BlockClass of, uint64_t address) noexcept {
  Places& places = classes_[of];
  places.freed[places.top++ % kRing] = address;
  places.count = std::min(places.count + 1, kRing);
}

}  // namespace cistern::analyzer
