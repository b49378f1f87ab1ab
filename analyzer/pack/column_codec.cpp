#include "analyzer/pack/column_codec.h"

#include "cistern/varint.h"

namespace cistern::analyzer {
namespace {

// Bits of a tag, beside op and domain, which are those of the event's own.
constexpr uint8_t kExpectedStack = 0x40;
constexpr uint8_t kExpectedSize = 0x80;

// A varint in a column has ten bytes at most, an event three at least; of eight bytes and more, such as a remap, five
// values go into the last column.
constexpr size_t kMostGrowth = 7;

// In the column of blocks: 0 and 1 for one that is told by its distance from the last such, else 2 + its number's.
constexpr uint64_t kUnknown = 0;
constexpr uint64_t kUnknownBytes = 1;
constexpr uint64_t kNumbered = 2;
// In the column of places: a realloc that left the block where it was.
constexpr uint8_t kStays = 255;

// A difference of addresses, counted in units of blocks.
uint64_t in_units(uint64_t difference) {
  return static_cast<uint64_t>(static_cast<int64_t>(difference) >> kBlockUnitShift);
}

constexpr bool is_whole_units(uint64_t difference) {
  return difference % (1 << kBlockUnitShift) == 0;
}

}  // namespace

void ColumnState::reset(uint64_t first_time) {
  model.reset();
  time = first_time;
  unknown = page = 0;
  number = 0;
  stack = 0;
  next_stack.assign(kRemembered, 0);
  size_of_stack.assign(kRemembered, 0);
}

bool ColumnPacker::pack(std::span<const uint8_t> content, uint64_t first_time, Columns& columns) {
  for (size_t i = 0; i < kColumns; ++i) {
    if (room_[i].size() < kMostGrowth * content.size()) room_[i].resize(kMostGrowth * content.size());
    out_[i] = room_[i].data();
  }
  state_.reset(first_time);
  seen_.assign(seen_.size(), Seen{});
  EventDecoder decoder(content.data(), content.data() + content.size(), first_time);
  Event event;
  while (decoder.next(event)) put(event);
  for (size_t i = 0; i < kColumns; ++i) {
    const auto size = static_cast<size_t>(out_[i] - room_[i].data());
    columns[i] = {reinterpret_cast<const char*>(room_[i].data()), size};
  }
  return decoder.ok();
}

void ColumnPacker::put(const Event& event) {
  const auto domain = event.op == Op::kArena ? unsigned{event.arena_freed} : static_cast<unsigned>(event.domain);
  uint8_t tag = static_cast<uint8_t>(static_cast<unsigned>(event.op) | domain << kDomainShift);
  put_difference(Column::kTimes, event.time - state_.time);
  state_.time = event.end_time;
  switch (event.op) {
    case Op::kAlloc:
      tag |= put_stack(event.stack);
      tag |= put_size(event.size);
      put_take(event);
      break;
    case Op::kFree:
      put_give(event.address);
      break;
    case Op::kRealloc:
      put(Column::kRest, event.end_time - event.time);
      tag |= put_stack(event.stack);
      tag |= put_size(event.size);
      if (event.old_address == event.address) {
        put_stay(event);
      } else {
        put_give(event.old_address);
        put_take(event);
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
  if (size == state_.size_here()) return kExpectedSize;
  put(Column::kSizes, size);
  state_.size_here() = size;
  return 0;
}

size_t ColumnPacker::slot_of(uint64_t address) noexcept {
  constexpr uint64_t kOdd = 0x9E3779B97F4A7C15u;  // 2⁶⁴ ÷ the golden ratio
  return static_cast<size_t>((address >> kBlockUnitShift) * kOdd >> (64 - 15));
}

bool ColumnPacker::find(uint64_t address, uint32_t& number) const noexcept {
  const Seen& seen = seen_[slot_of(address)];
  number = seen.number;
  return seen.address == address && address != 0;
}

// Tells which block it is that an allocation before this one left at `address`. Returns whether it has a number.
bool ColumnPacker::put_block(uint64_t address, uint32_t& number) {
  if (find(address, number)) {
    put(Column::kBlocks, zigzag(int64_t{number} - state_.number) + kNumbered);
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

void ColumnPacker::put_give(uint64_t address) {
  uint32_t number = 0;
  put_block(address, number) ? state_.model.give_back(number) : state_.model.give_back_at(address);
}

void ColumnPacker::put_take(const Event& event) {
  const BlockClass of = class_of(event.domain, event.size);
  const uint8_t told = state_.model.tell(of, event.address);
  put_byte(Column::kPlaces, told);
  const uint64_t difference = event.address - state_.model.base(of);
  if (told == BlockModel::kApart) put_difference(Column::kAddresses, in_units(difference));
  if (told == BlockModel::kApartBytes) put_difference(Column::kAddresses, difference);
  seen_[slot_of(event.address)] = {event.address, state_.model.take(of, told, event.address)};
}

void ColumnPacker::put_stay(const Event& event) {
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

bool ColumnUnpacker::unpack(const Columns& columns, uint64_t first_time, uint64_t content_bytes,
                            std::vector<uint8_t>& content) {
  state_.reset(first_time);
  in_.clear();
  for (const std::string_view column : columns) in_.emplace_back(column);
  const size_t begin = content.size();
  content.resize(begin + content_bytes + kMaxEventBytes);
  uint8_t* out = content.data() + begin;
  uint8_t* const end = out + content_bytes;
  EventState written{first_time, 0, 0};
  Event event;
  bool good = true;
  while (good && out < end && !column(Column::kTags).at_end()) {
    good = take(event);
    if (good) out = encode_event(out, written, event);
  }
  good = good && out == end && column(Column::kTags).at_end();
  content.resize(begin + static_cast<size_t>((out < end ? out : end) - (content.data() + begin)));
  return good;
}

bool ColumnUnpacker::take(Event& event) {
  const uint8_t tag = column(Column::kTags).byte();
  const unsigned domain = (tag >> kDomainShift) & 7;
  event.op = static_cast<Op>(tag & 7);
  event.domain = static_cast<Domain>(domain);
  event.stack = StackId{};
  event.time = event.end_time = state_.time + static_cast<uint64_t>(column(Column::kTimes).signed_varint());
  state_.time = event.time;
  switch (event.op) {
    case Op::kAlloc:
      return take_stack(event, tag) && take_size(event, tag) && take_place(event) && column(Column::kTimes).ok();
    case Op::kFree:
      return take_give(event.address) && column(Column::kTimes).ok();
    case Op::kRealloc:
      return take_move(event, tag);
    case Op::kExtension:
      return false;
    default:
      event.arena_freed = domain == 1;
      return take_pages(event, tag);
  }
}

bool ColumnUnpacker::take_stack(Event& event, uint8_t tag) {
  Cursor& stacks = column(Column::kStacks);
  const uint32_t stack = (tag & kExpectedStack) != 0 ? state_.expected_stack()
                                                     : state_.stack + static_cast<uint32_t>(stacks.signed_varint());
  state_.take_stack(stack);
  event.stack = StackId{stack};
  return stacks.ok();
}

bool ColumnUnpacker::take_size(Event& event, uint8_t tag) {
  Cursor& sizes = column(Column::kSizes);
  if ((tag & kExpectedSize) == 0) state_.size_here() = sizes.varint();
  event.size = state_.size_here();
  return sizes.ok();
}

// The block that put_block() told: its address, and its number if it has one.
bool ColumnUnpacker::take_block(uint64_t& address, std::optional<uint64_t>& number) {
  const uint64_t told = column(Column::kBlocks).varint();
  if (!column(Column::kBlocks).ok()) return false;
  if (told >= kNumbered) {
    number = static_cast<uint64_t>(state_.number + unzigzag(told - kNumbered));
    if (*number >= state_.model.blocks()) return false;
    state_.number = static_cast<int64_t>(*number);
    address = state_.model.address_of(*number);
    return true;
  }
  const auto difference = static_cast<uint64_t>(column(Column::kAddresses).signed_varint());
  address = state_.unknown += told == kUnknown ? difference << kBlockUnitShift : difference;
  return column(Column::kAddresses).ok();
}

bool ColumnUnpacker::take_give(uint64_t& address) {
  std::optional<uint64_t> number;
  if (!take_block(address, number)) return false;
  number ? state_.model.give_back(*number) : state_.model.give_back_at(address);
  return true;
}

bool ColumnUnpacker::take_place(Event& event) {
  const BlockClass of = class_of(event.domain, event.size);
  const uint8_t told = column(Column::kPlaces).byte();
  if (!column(Column::kPlaces).ok()) return false;
  if (told <= BlockModel::kApartBytes) {
    const auto difference = static_cast<uint64_t>(column(Column::kAddresses).signed_varint());
    event.address = state_.model.base(of) + (told == BlockModel::kApart ? difference << kBlockUnitShift : difference);
    if (!column(Column::kAddresses).ok()) return false;
  } else {
    if (!state_.model.can_place(of, told)) return false;
    event.address = state_.model.place(of, told);
  }
  state_.model.take(of, told, event.address);
  return true;
}

bool ColumnUnpacker::take_move(Event& event, uint8_t tag) {
  event.end_time = event.time + column(Column::kRest).varint();
  state_.time = event.end_time;
  if (!take_stack(event, tag) || !take_size(event, tag)) return false;
  Cursor& places = column(Column::kPlaces);
  if (places.at_end()) return false;
  if (*places.position() != kStays)
    return take_give(event.old_address) && take_place(event) && column(Column::kRest).ok();
  places.byte();
  std::optional<uint64_t> number;
  if (!take_block(event.address, number)) return false;
  if (number) state_.model.change(*number, class_of(event.domain, event.size));
  event.old_address = event.address;
  return column(Column::kRest).ok();
}

bool ColumnUnpacker::take_pages(Event& event, uint8_t tag) {
  Cursor& rest = column(Column::kRest);
  if (event.op != Op::kUnmap && !take_stack(event, tag)) return false;
  event.address = state_.page + static_cast<uint64_t>(rest.signed_varint());
  if (event.op == Op::kRemap) {
    event.old_address = event.address;
    event.end_time = event.time + rest.varint();
    state_.time = event.end_time;
    event.address += static_cast<uint64_t>(rest.signed_varint());
    event.old_size = rest.varint();
  }
  event.size = rest.varint();
  event.flags = event.op == Op::kRemap || event.op == Op::kMap ? rest.varint32() : 0;
  state_.page = event.address;
  return rest.ok() && column(Column::kTimes).ok();
}

}  // namespace cistern::analyzer
