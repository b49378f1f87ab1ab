// Packs the plain payload of an event segment into columns (column_state.h). One object per thread; it keeps its
// memory. Cost: at most 15 ns per event.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "analyzer/pack/column_state.h"

namespace cistern::analyzer {

// The number of the last block at an address. A hash table that may forget entries.
class SeenBlocks {
 public:
  void reset() noexcept { std::fill(numbers_.begin(), numbers_.end(), 0); }
  void note(uint64_t address, uint32_t number) noexcept { numbers_[slot_of(address)] = number + 1; }
  bool find(uint64_t address, const BlockModel& model, uint32_t& number) const noexcept {
    const uint32_t number_and_1 = numbers_[slot_of(address)];
    number = number_and_1 - 1;
    return number_and_1 != 0 && model.address_of(number) == address;
  }

 private:
  static constexpr unsigned kBits = 15;
  static size_t slot_of(uint64_t address) noexcept {
    constexpr uint64_t kOdd = 0x9E3779B97F4A7C15u;  // 2⁶⁴ ÷ the golden ratio
    return static_cast<size_t>((address >> kBlockUnitShift) * kOdd >> (64 - kBits));
  }
  std::vector<uint32_t> numbers_ = std::vector<uint32_t>(size_t{1} << kBits);
};

class ColumnPacker {
 public:
  ColumnPacker() : tables_(std::make_unique<ColumnTables>()) {}
  // Packs the plain payload of an event segment. The columns are valid until the next call. Returns false if the
  // payload is malformed or has extensions. Some malformed payloads are not noticed; unpacking them gives other bytes.
  bool pack(std::span<const uint8_t> content, uint64_t first_time, Columns& columns);
  // The checksum of the packed events.
  uint64_t check() const noexcept { return state_.check.value(); }

 private:
  void begin(std::span<const uint8_t> content, uint64_t first_time);
  const uint8_t* put_blocks(const uint8_t* in, const uint8_t* end, EventState& read);
  void put(const Event& event);
  uint8_t put_stack(StackId stack);
  uint8_t put_size(uint64_t size);
  bool put_block(uint64_t address, uint32_t& number);
  void put_freed_block(uint64_t address);
  void put_new_block(const Event& event);
  void put_block_in_place(const Event& event);
  void put_pages(const Event& event);
  uint8_t*& out(Column which) noexcept { return out_[static_cast<size_t>(which)]; }
  void put_byte(Column which, uint8_t byte) noexcept { *out(which)++ = byte; }
  void put(Column which, uint64_t value) noexcept { out(which) = put_varint(out(which), value); }
  void put_difference(Column which, uint64_t difference) noexcept {
    put(which, zigzag(static_cast<int64_t>(difference)));
  }

  std::unique_ptr<ColumnTables> tables_;
  ColumnState state_;
  SeenBlocks seen_;
  std::array<std::unique_ptr<uint8_t[]>, kColumns> buffers_;  // pages that are not written cost no memory
  size_t buffer_bytes_ = 0;                                   // of each column
  std::array<uint8_t*, kColumns> out_{};
};

}  // namespace cistern::analyzer
