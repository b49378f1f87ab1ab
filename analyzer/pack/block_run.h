// The inner loop of ColumnReader: reads allocs and frees while whole words can be read from all columns. It is in a
// header so that it is inlined together with its sink, and is used as a local object so that it is kept in registers.
// Cost: about 60 instructions per free and 100 per alloc.
#pragma once

#include <cstdint>

#include "analyzer/pack/column_state.h"
#include "analyzer/pack/varint_word.h"
#include "cistern/format/cursor.h"

namespace cistern::analyzer {

class BlockRun {
 public:
  struct Moment {
    uint64_t time;
    uint64_t delta;  // zigzag of its distance from the end of the event before; at most two bytes as a varint
  };

  // `columns`: by Column.
  BlockRun(const ColumnState& state, const Cursor* columns) noexcept
      : state_(state),
        tags_(columns[0]),
        times_(columns[1]),
        blocks_(columns[2]),
        places_(columns[3]),
        addresses_(columns[4]),
        sizes_(columns[5]),
        stacks_(columns[6]) {}

  // Passes events to `sink` until the sink is full, or until an event with another op, an unusual or malformed event,
  // or the last bytes of a column follow. A sink has
  //   bool has_space() const;
  //   void free(unsigned domain, Moment when, uint64_t address);
  //   void alloc(unsigned domain, Moment when, uint64_t address, uint64_t size, uint32_t stack);
  template <typename Sink>
  void hand_over(Sink& sink) noexcept {
    while (tags_.has_word() && times_.has_word() && sink.has_space()) {
      const uint8_t tag = *tags_.at;
      if ((tag & kNoBlockDomain) != 0) [[unlikely]]
        return;
      const auto op = static_cast<Op>(tag & 7);
      uint64_t time = times_.at[0];
      unsigned time_bytes = 1;
      if (time > 0x7f) [[unlikely]] {
        if (times_.at[1] > 0x7f) [[unlikely]]
          return;
        time = (time & 0x7f) | uint64_t{times_.at[1]} << 7;
        time_bytes = 2;
      }
      const Moment when{state_.time + static_cast<uint64_t>(unzigzag(time)), time};
      if (op == Op::kFree ? !free(tag, when, sink) : op != Op::kAlloc || !alloc(tag, when, sink)) return;
      state_.time = when.time;
      ++tags_.at;
      times_.at += time_bytes;
    }
  }

  void leave(ColumnState& state, Cursor* columns) const noexcept {
    state = state_;
    const Words* const words[] = {&tags_, &times_, &blocks_, &places_, &addresses_, &sizes_, &stacks_};
    for (const Words* one : words) {
      columns->skip(static_cast<uint64_t>(one->at - columns->position()));
      ++columns;
    }
  }

 private:
  struct Words {
    const uint8_t* at;
    const uint8_t* last;  // where the last whole word begins; before `at` if there is none
    explicit Words(const Cursor& in) noexcept
        : at(in.position()),
          last(in.remaining() < sizeof(uint64_t) ? at - 1 : at + in.remaining() - sizeof(uint64_t)) {}
    bool has_word() const noexcept { return at <= last; }
  };

  static constexpr uint8_t kNoBlockDomain = column_code::kOpAndDomain & ~column_code::kBlockOpAndDomain;
  static unsigned domain_of(uint8_t tag) noexcept { return (tag >> kDomainShift) & 3; }

  template <typename Sink>
  bool free(uint8_t tag, Moment when, Sink& sink) noexcept {
    using namespace column_code;
    if (!blocks_.has_word()) [[unlikely]]
      return false;
    uint64_t code = blocks_.at[0];
    unsigned told_bytes = 1;
    if (code > 0x7f) [[unlikely]] {
      if (blocks_.at[1] > 0x7f) [[unlikely]]
        return false;
      code = (code & 0x7f) | uint64_t{blocks_.at[1]} << 7;
      told_bytes = 2;
    }
    uint64_t address = 0;
    if (code >= kNumbered) {
      const auto number = static_cast<uint32_t>(state_.number + unzigzag(code - kNumbered));
      if (number >= state_.model.blocks()) [[unlikely]]
        return false;
      state_.number = number;
      address = state_.model.address_of(number);
      state_.model.free_block(number);
    } else {
      uint64_t difference = 0;
      if (!take_difference(difference, code == kUnknown)) [[unlikely]]
        return false;
      address = state_.unknown += difference;
      state_.model.free_block_at(address);
    }
    blocks_.at += told_bytes;
    state_.check.add_free(tag & kOpAndDomain, when.delta, address);
    sink.free(domain_of(tag), when, address);
    return true;
  }

  template <typename Sink>
  bool alloc(uint8_t tag, Moment when, Sink& sink) noexcept {
    using namespace column_code;
    if (!places_.has_word() || !stacks_has(tag) || !sizes_has(tag)) [[unlikely]]
      return false;
    uint32_t& expected = state_.expected_stack();
    uint32_t stack = expected;
    unsigned stack_bytes = 0;
    if ((tag & kExpectedStack) == 0) {
      const uint64_t word = load_word(stacks_.at);
      const uint64_t ends = varint_ends(word);
      if (ends == 0) [[unlikely]]
        return false;
      stack_bytes = lowest_byte(ends) + 1;
      stack = state_.stack + static_cast<uint32_t>(unzigzag(joined(word & up_to_lowest(ends))));
    }
    uint64_t& last_size = state_.size_below(stack);
    uint64_t size = last_size;
    unsigned size_bytes = 0;
    if ((tag & kExpectedSize) == 0) {
      const uint64_t word = load_word(sizes_.at);
      const uint64_t ends = varint_ends(word);
      if (ends == 0) [[unlikely]]
        return false;
      size_bytes = lowest_byte(ends) + 1;
      size = joined(word & up_to_lowest(ends));
    }
    const BlockClass of = class_of(static_cast<Domain>(domain_of(tag)), size);
    const uint8_t code = *places_.at;
    uint64_t address = 0;
    if (code <= BlockModel::kApartBytes) {
      if (!take_difference(address, code == BlockModel::kApart)) [[unlikely]]
        return false;
      address += state_.model.base(of);
    } else {
      if (!state_.model.can_place(of, code)) [[unlikely]]
        return false;
      address = state_.model.place(of, code);
    }
    state_.model.take(of, code, address);
    ++places_.at;
    expected = stack;
    state_.stack = stack;
    stacks_.at += stack_bytes;
    last_size = size;
    sizes_.at += size_bytes;
    state_.check.add_alloc(tag & kOpAndDomain, when.delta, address, size, stack);
    sink.alloc(domain_of(tag), when, address, size, stack);
    return true;
  }

  bool stacks_has(uint8_t tag) const noexcept { return (tag & column_code::kExpectedStack) != 0 || stacks_.has_word(); }
  bool sizes_has(uint8_t tag) const noexcept { return (tag & column_code::kExpectedSize) != 0 || sizes_.has_word(); }

  // Reads a difference of two addresses. Returns false, and reads nothing, if it is unusual.
  bool take_difference(uint64_t& difference, bool units) noexcept {
    if (!addresses_.has_word()) return false;
    const uint64_t word = load_word(addresses_.at);
    const uint64_t ends = varint_ends(word);
    if (ends == 0) return false;
    addresses_.at += lowest_byte(ends) + 1;
    const auto distance = static_cast<uint64_t>(unzigzag(joined(word & up_to_lowest(ends))));
    difference = distance << (units ? kBlockUnitShift : 0);
    return true;
  }

  ColumnState state_;
  Words tags_;
  Words times_;
  Words blocks_;
  Words places_;
  Words addresses_;
  Words sizes_;
  Words stacks_;
};

}  // namespace cistern::analyzer
