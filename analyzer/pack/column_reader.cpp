#include "analyzer/pack/column_reader.h"

namespace cistern::analyzer {

using namespace column_code;

// Each block of the segment has one byte in column kPlaces.
void ColumnReader::begin(const Columns& columns, uint64_t first_time) {
  in_.clear();
  for (const std::string_view column : columns) in_.emplace_back(column);
  state_ = tables_->begin(first_time, columns[static_cast<size_t>(Column::kPlaces)].size());
}

bool ColumnReader::take(Event& event) {
  const uint8_t tag = column(Column::kTags).byte();
  const unsigned domain = (tag >> kDomainShift) & 7;
  const uint64_t time = column(Column::kTimes).varint();
  event = Event{};
  event.op = static_cast<Op>(tag & 7);
  event.domain = event.op == Op::kArena ? Domain::kObj : static_cast<Domain>(domain);
  event.arena_freed = event.op == Op::kArena && domain == 1;
  event.time = event.end_time = state_.time + static_cast<uint64_t>(unzigzag(time));
  state_.time = event.time;
  if (!column(Column::kTags).ok() || !column(Column::kTimes).ok()) return false;
  if (event_detail::may_share_time(event.op) && (tag & kOpAndDomain & ~kBlockOpAndDomain) != 0) return false;
  if (!take_fields(event, tag)) return false;
  state_.check.add(tag & kOpAndDomain, time, event);
  return true;
}

bool ColumnReader::take_fields(Event& event, uint8_t tag) {
  switch (event.op) {
    case Op::kAlloc:
      return take_stack(event, tag) && take_size(event, tag) && take_place(event);
    case Op::kFree:
      return take_freed_block(event.address);
    case Op::kRealloc:
      return take_move(event, tag);
    case Op::kExtension:
      return false;
    default:
      return take_pages(event, tag);
  }
}

bool ColumnReader::take_stack(Event& event, uint8_t tag) {
  Cursor& stacks = column(Column::kStacks);
  const uint32_t stack = (tag & kExpectedStack) != 0 ? state_.expected_stack()
                                                     : state_.stack + static_cast<uint32_t>(stacks.signed_varint());
  state_.take_stack(stack);
  event.stack = StackId{stack};
  return stacks.ok();
}

bool ColumnReader::take_size(Event& event, uint8_t tag) {
  Cursor& sizes = column(Column::kSizes);
  if ((tag & kExpectedSize) == 0) state_.size_below(state_.stack) = sizes.varint();
  event.size = state_.size_below(state_.stack);
  return sizes.ok();
}

// Reads what put_block() wrote: the address of a block, and its number if it has one.
bool ColumnReader::take_block(uint64_t& address, std::optional<uint64_t>& number) {
  const uint64_t code = column(Column::kBlocks).varint();
  if (!column(Column::kBlocks).ok()) return false;
  if (code >= kNumbered) {
    number = static_cast<uint64_t>(int64_t{state_.number} + unzigzag(code - kNumbered));
    if (*number >= state_.model.blocks()) return false;
    state_.number = static_cast<uint32_t>(*number);
    address = state_.model.address_of(*number);
    return true;
  }
  const auto difference = static_cast<uint64_t>(column(Column::kAddresses).signed_varint());
  address = state_.unknown += code == kUnknown ? difference << kBlockUnitShift : difference;
  return column(Column::kAddresses).ok();
}

bool ColumnReader::take_freed_block(uint64_t& address) {
  std::optional<uint64_t> number;
  if (!take_block(address, number)) return false;
  number ? state_.model.free_block(*number) : state_.model.free_block_at(address);
  return true;
}

bool ColumnReader::take_place(Event& event) {
  const BlockClass of = class_of(event.domain, event.size);
  const uint8_t code = column(Column::kPlaces).byte();
  if (!column(Column::kPlaces).ok()) return false;
  if (code <= BlockModel::kApartBytes) {
    const auto difference = static_cast<uint64_t>(column(Column::kAddresses).signed_varint());
    event.address = state_.model.base(of) + (code == BlockModel::kApart ? difference << kBlockUnitShift : difference);
    if (!column(Column::kAddresses).ok()) return false;
  } else {
    if (!state_.model.can_place(of, code)) return false;
    event.address = state_.model.place(of, code);
  }
  state_.model.take(of, code, event.address);
  return true;
}

bool ColumnReader::take_move(Event& event, uint8_t tag) {
  event.end_time = event.time + column(Column::kRest).varint();
  state_.time = event.end_time;
  if (!take_stack(event, tag) || !take_size(event, tag)) return false;
  Cursor& places = column(Column::kPlaces);
  if (places.at_end()) return false;
  if (*places.position() != kStays)
    return take_freed_block(event.old_address) && take_place(event) && column(Column::kRest).ok();
  places.byte();
  std::optional<uint64_t> number;
  if (!take_block(event.address, number)) return false;
  if (number) state_.model.change(*number, class_of(event.domain, event.size));
  event.old_address = event.address;
  return column(Column::kRest).ok();
}

bool ColumnReader::take_pages(Event& event, uint8_t tag) {
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
  return rest.ok();
}

}  // namespace cistern::analyzer
