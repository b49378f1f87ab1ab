// The codec `columns`: splits the events of a segment into columns that compress well, and joins them to the same bytes
// again. Addresses are predicted by a model of the allocator (block_model.h), sizes and stacks by what followed the
// last time. FORMAT.md, "Packed segments", has the layout. This header has the state that packer and reader share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "analyzer/pack/block_model.h"
#include "analyzer/pack/event_check.h"
#include "cistern/format/event.h"

namespace cistern::analyzer {

enum class Column : uint8_t { kTags, kTimes, kBlocks, kPlaces, kAddresses, kSizes, kStacks, kRest };
constexpr size_t kColumns = 8;
using Columns = std::array<std::string_view, kColumns>;

namespace column_code {

// Bits of a tag. Op and domain are those of the event's tag.
constexpr uint8_t kOpAndDomain = 0x3f;
constexpr uint8_t kBlockOpAndDomain = 0x1f;  // of alloc and free
constexpr uint8_t kExpectedStack = 0x40;
constexpr uint8_t kExpectedSize = 0x80;
// Column kBlocks: kUnknown and kUnknownBytes for a block without a number, else kNumbered + its number's difference.
constexpr uint64_t kUnknown = 0;
constexpr uint64_t kUnknownBytes = 1;
constexpr uint64_t kNumbered = 2;
// Column kPlaces: a realloc that left the block in its place.
constexpr uint8_t kStays = 255;

}  // namespace column_code

// Predicts the stack and the size of the next allocation.
struct StackTables {
  static constexpr size_t kRemembered = 4096;
  std::array<uint32_t, kRemembered> next_stack;     // the stack that followed it the last time
  std::array<uint64_t, kRemembered> size_of_stack;  // the last size that it requested
};

// The state within a segment. Small, like BlockModel.
struct ColumnState {
  uint32_t& expected_stack() const noexcept { return tables->next_stack[stack % StackTables::kRemembered]; }
  uint64_t& size_below(uint32_t next) const noexcept { return tables->size_of_stack[next % StackTables::kRemembered]; }
  void take_stack(uint32_t next) noexcept {
    expected_stack() = next;
    stack = next;
  }

  BlockModel model;
  EventCheck check;  // of the events so far
  StackTables* tables = nullptr;
  uint64_t time = 0;
  uint64_t unknown = 0;  // address of the last block without a number
  uint64_t page = 0;     // of the last map, unmap, remap or arena
  uint32_t number = 0;   // of the last block with a number
  uint32_t stack = 0;
};

// The tables that a ColumnState points to.
struct ColumnTables {
  BlockTables blocks;
  StackTables stacks;

  // Forgets everything. Returns the state at the beginning of a segment of at most `most_blocks` blocks.
  ColumnState begin(uint64_t first_time, size_t most_blocks);
};

}  // namespace cistern::analyzer
