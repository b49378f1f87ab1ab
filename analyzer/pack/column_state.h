// The codec `columns`: the events of one segment, taken apart into columns that each compress well by themselves, and
// put together again to the same bytes. Addresses are told by what the allocator does (block_model.h), sizes and stacks
// by what came last in their place; FORMAT.md has the layout. Here is what both sides know.
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

// Bits of a tag, beside op and domain, which are those of the event's own.
constexpr uint8_t kOpAndDomain = 0x3f;
constexpr uint8_t kBlockOpAndDomain = 0x1f;  // of alloc and free
constexpr uint8_t kExpectedStack = 0x40;
constexpr uint8_t kExpectedSize = 0x80;
// In the column of blocks: 0 and 1 for one that is told by its distance from the last such, else 2 + its number's.
constexpr uint64_t kUnknown = 0;
constexpr uint64_t kUnknownBytes = 1;
constexpr uint64_t kNumbered = 2;
// In the column of places: a realloc that left the block where it was.
constexpr uint8_t kStays = 255;

}  // namespace column_code

// What the stacks of a segment's allocations tell about the next one.
struct StackTables {
  static constexpr size_t kRemembered = 4096;
  std::array<uint32_t, kRemembered> next_stack;     // which followed it the last time
  std::array<uint64_t, kRemembered> size_of_stack;  // that was last asked for below it
};

// What both sides remember of a segment. Small, as BlockModel is.
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
  uint64_t unknown = 0;  // address of the block that was last told by its address
  uint64_t page = 0;     // of the last map, unmap, remap or arena
  uint32_t number = 0;   // of the block that was last told by its number
  uint32_t stack = 0;
};

// What a ColumnState points to.
struct ColumnTables {
  BlockTables blocks;
  StackTables stacks;

  // Forgets everything. Returns the state at the beginning of a segment of at most so many blocks.
  ColumnState begin(uint64_t first_time, size_t most_blocks);
};

}  // namespace cistern::analyzer
