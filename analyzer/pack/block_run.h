// The inner loop of ColumnReader: allocs and frees, from columns of which whole words can be read. In a header so that
// it is inlined with what becomes of the events, and a local object, so that it lives in registers.
// Cost: about 60 instructions a free and 100 an alloc.
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
    uint64_t told;  // its distance from the end of the event before, zigzagged: two bytes as a varint at most
  };

  // `columns` by Column.
  BlockRun(const ColumnState& state, const Cursor* columns) noexcept
      : state_(state),
        tags_(columns[0]),
        times_(columns[1]),
        blocks_(columns[2]),
        places_(columns[3]),
        addresses_(columns[4]),
        sizes_(columns[5]),
        stacks_(columns[6]) {}

  // Hands over what there is, until `sink` has no room, or there comes an event of another kind, an unusual or a
  // malformed one, or a column's last bytes. A sink has
  //   bool has_room() const;
  //   void free(unsigned domain, Moment when, uint64_t address);
  //   void alloc(unsigned domain, Moment when, uint64_t address, uint64_t size, uint32_t stack);
  template <typename Sink>
  void hand_over(Sink& sink) noexcept {
    while (tags_.has_word() && times_.has_word() && sink.has_room()) {
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
    const uint8_t* last;  // where the last whole word begins; before `at` when there is none
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
    uint64_t told = blocks_.at[0];
    unsigned told_bytes = 1;
    if (told > 0x7f) [[unlikely]] {
      if (blocks_.at[1] > 0x7f) [[unlikely]]
        return false;
      told = (told & 0x7f) | uint64_t{blocks_.at[1]} << 7;
      told_bytes = 2;
    }
    uint64_t address = 0;
    if (told >= kNumbered) {
      const auto number = static_cast<uint32_t>(state_.number + unzigzag(told - kNumbered));
      if (number >= state_.model.blocks()) [[unlikely]]
        return false;
      state_.number = number;
      address = state_.model.address_of(number);
      state_.model.give_back(number);
    } else {
      uint64_t difference = 0;
      if (!take_difference(difference, told == kUnknown)) [[unlikely]]
        return false;
      address = state_.unknown += difference;
      state_.model.give_back_at(address);
    }
    blocks_.at += told_bytes;
    state_.check.add_free(tag & kOpAndDomain, when.told, address);
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
    const uint8_t told = *places_.at;
    uint64_t address = 0;
    if (told <= BlockModel::kApartBytes) {
      if (!take_difference(address, told == BlockModel::kApart)) [[unlikely]]
        return false;
      address += state_.model.base(of);
    } else {
      if (!state_.model.can_place(of, told)) [[unlikely]]
        return false;
      address = state_.model.place(of, told);
    }
    state_.model.take(of, told, address);
    ++places_.at;
    expected = stack;
    state_.stack = stack;
    stacks_.at += stack_bytes;
    last_size = size;
    sizes_.at += size_bytes;
    state_.check.add_alloc(tag & kOpAndDomain, when.told, address, size, stack);
    sink.alloc(domain_of(tag), when, address, size, stack);
    return true;
  }

  bool stacks_has(uint8_t tag) const noexcept { return (tag & column_code::kExpectedStack) != 0 || stacks_.has_word(); }
  bool sizes_has(uint8_t tag) const noexcept { return (tag & column_code::kExpectedSize) != 0 || sizes_.has_word(); }

  // Of two addresses. Leaves what it refuses.
  bool take_difference(uint64_t& difference, bool units) noexcept {
    if (!addresses_.has_word()) return false;
    const uint64_t word = load_word(addresses_.at);
    const uint64_t ends = varint_ends(word);
    if (ends == 0) return false;
    addresses_.at += lowest_byte(ends) + 1;
    const auto told = static_cast<uint64_t>(unzigzag(joined(word & up_to_lowest(ends))));
    difference = told << (units ? kBlockUnitShift : 0);
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
