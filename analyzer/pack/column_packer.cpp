#include "analyzer/pack/column_packer.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "analyzer/pack/varint_word.h"
#include "cistern/format/limits.h"

namespace cistern::analyzer {

using namespace column_code;

namespace {

// Bytes that may be read at once: a tag, a time, and a word.
constexpr size_t kReadAhead = 1 + 2 + sizeof(uint64_t);

// A difference of addresses, counted in units of blocks.
uint64_t in_units(uint64_t difference) {
  return static_cast<uint64_t>(static_cast<int64_t>(difference) >> kBlockUnitShift);
}

constexpr bool is_whole_units(uint64_t difference) {
  return difference % (1 << kBlockUnitShift) == 0;
}

// Packs allocs and frees with short fields, as nearly all are. A local object, so that it is kept in registers.
class BlockPacking {
 public:
  // `columns`: by Column. Each has eight more bytes behind its end.
  BlockPacking(const ColumnState& state, SeenBlocks& seen, uint8_t* const* columns, const EventState& read) noexcept
      : state_(state),
        seen_(seen),
        tags_(columns[0]),
        times_(columns[1]),
        blocks_(columns[2]),
        places_(columns[3]),
        addresses_(columns[4]),
        sizes_(columns[5]),
        stacks_(columns[6]),
        read_(read) {}

  // Returns the first event that it does not pack.
  const uint8_t* go_on(const uint8_t* in, const uint8_t* end) noexcept {
    while (static_cast<size_t>(end - in) >= kReadAhead) {
      const uint8_t tag = *in;
      const auto op = static_cast<Op>(tag & 7);
      const bool same_time = (tag & kSameTime) != 0;
      uint64_t time = same_time ? 0 : in[1];
      const uint8_t* fields = in + (same_time ? 1 : 2);
      if (time > 0x7f) [[unlikely]] {
        if (in[2] > 0x7f) [[unlikely]]
          break;
        time = (time & 0x7f) | uint64_t{in[2]} << 7;
        ++fields;
      }
      const unsigned bytes = op == Op::kFree    ? free(tag, time, fields)
                             : op == Op::kAlloc ? alloc(tag, time, fields)
                                                : 0;
      if (bytes == 0) [[unlikely]]
        break;
      times_[0] = same_time ? 0 : in[1];
      times_[1] = in[2];
      times_ += same_time ? 1 : fields - in - 1;
      read_.time = state_.time += static_cast<uint64_t>(unzigzag(time));
      in = fields + bytes;
    }
    return in;
  }

  void leave(ColumnState& state, uint8_t** columns, EventState& read) const noexcept {
    state = state_;
    read = read_;
    uint8_t* const ends[] = {tags_, times_, blocks_, places_, addresses_, sizes_, stacks_};
    std::copy(std::begin(ends), std::end(ends), columns);
  }

 private:
  // Return the number of bytes of the event's fields behind the time; 0: the event is unusual, and nothing was done.
  unsigned free(uint8_t tag, uint64_t time, const uint8_t* fields) noexcept {
    const uint64_t word = load_word(fields);
    const uint64_t ends = varint_ends(word);
    if (ends == 0) [[unlikely]]
      return 0;
    move(tag, word & up_to_lowest(ends));
    const uint64_t address = read_.address;
    uint32_t number = 0;
    if (seen_.find(address, state_.model, number)) {
      blocks_ = put_short(blocks_, zigzag(int64_t{number} - int64_t{state_.number}) + kNumbered);
      state_.number = number;
      state_.model.free_block(number);
    } else {
      const uint64_t difference = address - state_.unknown;
      const bool units = is_whole_units(difference);
      *blocks_++ = units ? kUnknown : kUnknownBytes;
      put_difference(difference, units);
      state_.unknown = address;
      state_.model.free_block_at(address);
    }
    *tags_++ = tag & kBlockOpAndDomain;
    state_.check.add_free(tag & kBlockOpAndDomain, time, address);
    return lowest_byte(ends) + 1;
  }

  unsigned alloc(uint8_t tag, uint64_t time, const uint8_t* fields) noexcept {
    const uint64_t word = load_word(fields);
    const uint64_t address_ends = varint_ends(word);
    const uint64_t size_ends = address_ends & (address_ends - 1);
    const uint64_t stack_ends = size_ends & (size_ends - 1);
    const bool same = (tag & kSameStack) != 0;
    const uint64_t ends = same ? size_ends : stack_ends;
    if (ends == 0) [[unlikely]]
      return 0;
    const unsigned size_at = lowest_byte(address_ends) + 1;
    const uint64_t size_bytes = (word & up_to_lowest(size_ends)) >> (8 * size_at);
    if (size_bytes > 0xffff) [[unlikely]]
      return 0;
    move(tag, word & up_to_lowest(address_ends));
    const uint64_t stack_bytes = word & up_to_lowest(stack_ends);
    uint8_t column_tag = tag & kBlockOpAndDomain;
    column_tag |= put_stack(same ? 0 : joined(stack_bytes >> (8 * (lowest_byte(size_ends) + 1))));
    const uint64_t size = joined_short(size_bytes);
    uint64_t& expected = state_.size_below(read_.stack);
    if (expected == size) {
      column_tag |= kExpectedSize;
    } else {
      expected = size;
      sizes_ = put_short(sizes_, size);
    }
    put_place(class_of(event_detail::domain_of(Op::kAlloc, tag), size));
    *tags_++ = column_tag;
    state_.check.add_alloc(tag & kBlockOpAndDomain, time, read_.address, size, read_.stack);
    return lowest_byte(ends) + 1;
  }

  void move(uint8_t tag, uint64_t address_bytes) noexcept {
    const unsigned shift = (tag & kExactBytes) != 0 ? 0 : kBlockUnitShift;
    read_.address += static_cast<uint64_t>(unzigzag(joined(address_bytes))) << shift;
  }

  uint8_t put_stack(uint64_t delta) noexcept {
    const uint32_t next = read_.stack + static_cast<uint32_t>(unzigzag(delta));
    uint32_t& expected = state_.expected_stack();
    const bool as_expected = next == expected;
    expected = next;
    read_.stack = state_.stack = next;
    if (as_expected) return kExpectedStack;
    stacks_ = put_joined(stacks_, delta);
    return 0;
  }

  void put_place(BlockClass of) noexcept {
    const uint64_t address = read_.address;
    const uint8_t code = state_.model.place_code(of, address);
    *places_++ = code;
    if (code <= BlockModel::kApartBytes) put_difference(address - state_.model.base(of), code == BlockModel::kApart);
    seen_.note(address, state_.model.take(of, code, address));
  }

  void put_difference(uint64_t difference, bool units) noexcept {
    addresses_ = put_joined(addresses_, zigzag(static_cast<int64_t>(units ? in_units(difference) : difference)));
  }

  ColumnState state_;
  SeenBlocks& seen_;
  uint8_t* tags_;
  uint8_t* times_;
  uint8_t* blocks_;
  uint8_t* places_;
  uint8_t* addresses_;
  uint8_t* sizes_;
  uint8_t* stacks_;
  EventState read_;
};

}  // namespace

// kMaxColumnGrowth is enough: a varint in a column has at most ten bytes, and an event at least two. An event of eight
// bytes and more, such as a remap, puts five values into the last column.
void ColumnPacker::begin(std::span<const uint8_t> content, uint64_t first_time) {
  const size_t most = kMaxColumnGrowth * content.size() + sizeof(uint64_t);
  if (buffer_bytes_ < most) {
    for (auto& buffer : buffers_) buffer = std::make_unique_for_overwrite<uint8_t[]>(most);
    buffer_bytes_ = most;
  }
  for (size_t i = 0; i < kColumns; ++i) out_[i] = buffers_[i].get();
  state_ = tables_->begin(first_time, content.size() / kMinAllocBytes + 1);
  seen_.reset();
}

bool ColumnPacker::pack(std::span<const uint8_t> content, uint64_t first_time, Columns& columns) {
  begin(content, first_time);
  const uint8_t* in = content.data();
  const uint8_t* const end = in + content.size();
  EventState read{first_time, 0, 0};
  for (;;) {
    in = put_blocks(in, end, read);
    EventDecoder decoder(in, end, read);
    Event event;
    if (!decoder.next(event)) {
      for (size_t i = 0; i < kColumns; ++i) {
        const auto size = static_cast<size_t>(out_[i] - buffers_[i].get());
        columns[i] = {reinterpret_cast<const char*>(buffers_[i].get()), size};
      }
      return decoder.ok();
    }
    put(event);
    read = decoder.state();
    in = decoder.position();
  }
}

// Packs allocs and frees until another event follows.
const uint8_t* ColumnPacker::put_blocks(const uint8_t* in, const uint8_t* end, EventState& read) {
  BlockPacking packing(state_, seen_, out_.data(), read);
  in = packing.go_on(in, end);
  packing.leave(state_, out_.data(), read);
  return in;
}

void ColumnPacker::put(const Event& event) {
  const auto domain = event.op == Op::kArena ? unsigned{event.arena_freed} : static_cast<unsigned>(event.domain);
  uint8_t tag = static_cast<uint8_t>(static_cast<unsigned>(event.op) | domain << kDomainShift);
  const uint64_t time = zigzag(static_cast<int64_t>(event.time - state_.time));
  put(Column::kTimes, time);
  state_.check.add(tag, time, event);
  state_.time = event.end_time;
  switch (event.op) {
    case Op::kAlloc:
      tag |= put_stack(event.stack);
      tag |= put_size(event.size);
      put_new_block(event);
      break;
    case Op::kFree:
      put_freed_block(event.address);
      break;
    case Op::kRealloc:
      put(Column::kRest, event.end_time - event.time);
      tag |= put_stack(event.stack);
      tag |= put_size(event.size);
      if (event.old_address == event.address) {
        put_block_in_place(event);
      } else {
        put_freed_block(event.old_address);
        put_new_block(event);
      }
      break;
    default:
      if (event.op != Op::kUnmap) tag |= put_stack(event.stack);
      put_pages(event);
  }
  put_byte(Column::kTags, tag);
}

uint8_t ColumnPacker::put_stack(StackId stack) {
  const bool expected = raw(stack) == state_.expected_stack();
  if (!expected) put_difference(Column::kStacks, uint64_t{raw(stack)} - state_.stack);
  state_.take_stack(raw(stack));
  return expected ? kExpectedStack : 0;
}

uint8_t ColumnPacker::put_size(uint64_t size) {
  if (size == state_.size_below(state_.stack)) return kExpectedSize;
  put(Column::kSizes, size);
  state_.size_below(state_.stack) = size;
  return 0;
}

// Writes which block lies at `address`. Returns whether it has a number.
bool ColumnPacker::put_block(uint64_t address, uint32_t& number) {
  if (seen_.find(address, state_.model, number)) {
    put(Column::kBlocks, zigzag(int64_t{number} - int64_t{state_.number}) + kNumbered);
    state_.number = number;
    return true;
  }
  const uint64_t difference = address - state_.unknown;
  const bool units = is_whole_units(difference);
  put(Column::kBlocks, units ? kUnknown : kUnknownBytes);
  put_difference(Column::kAddresses, units ? in_units(difference) : difference);
  state_.unknown = address;
  return false;
}

void ColumnPacker::put_freed_block(uint64_t address) {
  uint32_t number = 0;
  put_block(address, number) ? state_.model.free_block(number) : state_.model.free_block_at(address);
}

void ColumnPacker::put_new_block(const Event& event) {
  const BlockClass of = class_of(event.domain, event.size);
  const uint8_t code = state_.model.place_code(of, event.address);
  put_byte(Column::kPlaces, code);
  const uint64_t difference = event.address - state_.model.base(of);
  if (code == BlockModel::kApart) put_difference(Column::kAddresses, in_units(difference));
  if (code == BlockModel::kApartBytes) put_difference(Column::kAddresses, difference);
  seen_.note(event.address, state_.model.take(of, code, event.address));
}

void ColumnPacker::put_block_in_place(const Event& event) {
  put_byte(Column::kPlaces, kStays);
  uint32_t number = 0;
  if (put_block(event.address, number)) state_.model.change(number, class_of(event.domain, event.size));
}

void ColumnPacker::put_pages(const Event& event) {
  const bool moves = event.op == Op::kRemap;
  put_difference(Column::kRest, (moves ? event.old_address : event.address) - state_.page);
  if (moves) {
    put(Column::kRest, event.end_time - event.time);
    put_difference(Column::kRest, event.address - event.old_address);
    put(Column::kRest, event.old_size);
  }
  put(Column::kRest, event.size);
  if (moves || event.op == Op::kMap) put(Column::kRest, event.flags);
  state_.page = event.address;
}

}  // namespace cistern::analyzer
