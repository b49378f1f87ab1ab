// Classes of sizes that an allocator serves from the same places. pymalloc: multiples of 16 up to 512 bytes
// (Objects/obmalloc.c, 3.8 – 3.13). glibc: chunks of multiples of 16 with a header of eight bytes
// (malloc/malloc.c, 2.36), here up to 1 KiB, then powers of two.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "cistern/format/domain.h"

namespace cistern::analyzer {

using BlockClass = uint8_t;
constexpr BlockClass kNoClass = 0;
constexpr BlockClass kPoolClasses = 32;
constexpr BlockClass kChunkClasses = 64;
constexpr size_t kBlockClasses = 160;

namespace block_class_detail {

constexpr uint64_t kUnit = 16;
constexpr uint64_t kMostInPools = kPoolClasses * kUnit;
constexpr uint64_t kChunkHeader = 8;
constexpr uint64_t kMostInTable = kChunkClasses * kUnit;

constexpr BlockClass of_pool(uint64_t size) noexcept {
  return static_cast<BlockClass>(std::max<uint64_t>(1, (size + kUnit - 1) / kUnit));
}

constexpr BlockClass of_chunk(uint64_t size) noexcept {
  const uint64_t chunk = (std::max<uint64_t>(size, 3 * kChunkHeader) + kChunkHeader + kUnit - 1) / kUnit;
  if (size < kMostInTable && chunk <= kChunkClasses) return static_cast<BlockClass>(kPoolClasses + chunk);
  return static_cast<BlockClass>(kPoolClasses + kChunkClasses + 1 + std::min<uint64_t>(std::bit_width(size), 60));
}

// Classes of the sizes below kMostInTable: first outside pymalloc's domains, then in them.
constexpr auto kTable = [] {
  std::array<BlockClass, 2 * kMostInTable> table{};
  for (uint64_t size = 0; size < kMostInTable; ++size) {
    table[size] = of_chunk(size);
    table[kMostInTable + size] = size <= kMostInPools ? of_pool(size) : of_chunk(size);
  }
  return table;
}();

// Where the classes of a domain begin in kTable.
constexpr std::array<uint16_t, 8> kBegins = [] {
  std::array<uint16_t, 8> begins{};
  for (const Domain pooled : {Domain::kMem, Domain::kObj}) begins[static_cast<size_t>(pooled)] = kMostInTable;
  return begins;
}();

constexpr auto kStrides = [] {
  std::array<uint16_t, kBlockClasses> strides{};
  for (size_t of = 1; of <= kPoolClasses + kChunkClasses; ++of) {
    strides[of] = static_cast<uint16_t>((of <= kPoolClasses ? of : of - kPoolClasses) * kUnit);
  }
  return strides;
}();

}  // namespace block_class_detail

inline BlockClass class_of(Domain domain, uint64_t size) noexcept {
  using namespace block_class_detail;
  if (size >= kMostInTable) [[unlikely]]
    return of_chunk(size);
  return kTable[kBegins[static_cast<size_t>(domain) % kBegins.size()] + size];
}

// The distance between neighbouring blocks of a class, in bytes; 0: not known.
inline uint64_t stride_of(BlockClass of) noexcept {
  return block_class_detail::kStrides[of];
}

}  // namespace cistern::analyzer
