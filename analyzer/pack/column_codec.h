// The codec `columns`: the events of one segment, taken apart into columns that each compress well by themselves, and
// put together again to the same bytes. Addresses are told by what the allocator does (block_model.h), sizes and stacks
// by what came last in their place; FORMAT.md has the layout. Not compressed yet: see segment_codec.h.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "analyzer/pack/block_model.h"
#include "cistern/event.h"

namespace cistern::analyzer {

enum class Column : uint8_t { kTags, kTimes, kBlocks, kPlaces, kAddresses, kSizes, kStacks, kRest };
constexpr size_t kColumns = 8;
using Columns = std::array<std::string_view, kColumns>;

// What both sides remember of a segment.
struct ColumnState {
  static constexpr size_t kRemembered = 4096;

  void reset(uint64_t first_time);
  uint32_t expected_stack() const noexcept { return next_stack[stack % kRemembered]; }
  void take_stack(uint32_t next) noexcept {
    next_stack[stack % kRemembered] = next;
    stack = next;
  }
  // The size that was last asked for below the current stack.
  uint64_t& size_here() noexcept { return size_of_stack[stack % kRemembered]; }

  BlockModel model;
  uint64_t time = 0;
  uint64_t unknown = 0;  // address of the block that was last told by its address
  uint64_t page = 0;     // of the last map, unmap, remap or arena
  int64_t number = 0;    // of the block that was last told by its number
  uint32_t stack = 0;
  std::vector<uint32_t> next_stack = std::vector<uint32_t>(kRemembered);
  std::vector<uint64_t> size_of_stack = std::vector<uint64_t>(kRemembered);
};

class ColumnPacker {
 public:
  // Makes columns of the plain payload of an event segment; they are valid until the next call. Returns false when it
  // is not what an encoder writes: malformed, or with extensions.
  bool pack(std::span<const uint8_t> content, uint64_t first_time, Columns& columns);

 private:
  struct Seen {
    uint64_t address = 0;
    uint32_t number = 0;
  };

  void put(const Event& event);
  uint8_t put_stack(StackId stack);
  uint8_t put_size(uint64_t size);
  bool put_block(uint64_t address, uint32_t& number);
  void put_give(uint64_t address);
  void put_take(const Event& event);
  void put_stay(const Event& event);
  void put_pages(const Event& event);
  bool find(uint64_t address, uint32_t& number) const noexcept;
  static size_t slot_of(uint64_t address) noexcept;
  void put_byte(Column which, uint8_t byte) noexcept { *out_[static_cast<size_t>(which)]++ = byte; }
  void put(Column which, uint64_t value) noexcept {
    uint8_t*& out = out_[static_cast<size_t>(which)];
    out = put_varint(out, value);
  }
  void put_difference(Column which, uint64_t difference) noexcept {
    put(which, zigzag(static_cast<int64_t>(difference)));
  }

  ColumnState state_;
  std::vector<Seen> seen_ = std::vector<Seen>(size_t{1} << 15);  // the last block at an address, lossy
  std::array<std::vector<uint8_t>, kColumns> room_;
  std::array<uint8_t*, kColumns> out_{};
};

class ColumnUnpacker {
 public:
  // Appends the plain payload, of exactly `content_bytes`, to `content`. Returns false when the columns do not make it;
  // then `content` has what came before the fault.
  bool unpack(const Columns& columns, uint64_t first_time, uint64_t content_bytes, std::vector<uint8_t>& content);

 private:
  bool take(Event& event);
  bool take_stack(Event& event, uint8_t tag);
  bool take_size(Event& event, uint8_t tag);
  bool take_block(uint64_t& address, std::optional<uint64_t>& number);
  bool take_give(uint64_t& address);
  bool take_place(Event& event);
  bool take_move(Event& event, uint8_t tag);
  bool take_pages(Event& event, uint8_t tag);
  Cursor& column(Column which) noexcept { return in_[static_cast<size_t>(which)]; }

  ColumnState state_;
  std::vector<Cursor> in_;
};

}  // namespace cistern::analyzer
