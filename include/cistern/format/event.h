// Events: the allocations and frees of one thread. An event is a tag byte and varints. Deltas are relative to the state
// that the previous event of the segment left behind. At the beginning of a segment the state is time =
// header.first_time, address = 0, stack = 0.
//
//   tag   7        6        5 4 3     2 1 0
//       +--------+--------+---------+--------+
//       | same   | exact  | domain  |  op    |
//       | stack  | bytes  |         |        |
//       +--------+--------+---------+--------+
//   op          see Op
//   domain      of alloc, free (two bits of it), realloc, map, unmap, remap; of arena: 0 made, 1 given back
//   same time   bit 5, of alloc and free: the time is that of the previous event, and is left out
//   exact bytes 0: address deltas count units (16 bytes; 4,096 for map, unmap, remap, arena), 1: bytes
//   same stack  1: the stack is that of the last event with a stack, and is left out
//
//   alloc    tag  [s(time)]  s(address)  size  [s(stack)]
//   free     tag  [s(time)]  s(address)
//   realloc  tag  s(time) u(duration)  s(old address) s(new address - old address)  size  [s(stack)]
//   map      tag  s(time)  s(address)  size  flags  [s(stack)]
//   unmap    tag  s(time)  s(address)  size
//   remap    tag  s(time) u(duration)  s(old address) s(new address - old address)  old size  size  flags  [s(stack)]
//   arena    tag  s(time)  s(address)  size  [s(stack)]
//   extension  tag  type  length  bytes          (skipped by readers that do not know the type)
// s() is a zigzag varint of a delta, the other fields are plain varints. A realloc or remap gives the old place up at
// `time`; the new place exists `duration` later. Times may step back: a realloc begins before events nested in it.
//
// Example: the first event is a malloc of 24 bytes at 0x1000, 5 ticks after the segment's beginning, with stack 3:
//   01            op alloc, domain malloc
//   0A            time +5
//   80 04         address +0x100 units of 16
//   18            24 bytes
//   06            stack +3
// A free of that block 2 ticks later is 02 04 00; at the same time it is 22 00.
#pragma once

#include <cstdint>

#include "cistern/format/cursor.h"
#include "cistern/format/domain.h"
#include "cistern/format/ids.h"
#include "cistern/format/varint.h"

namespace cistern {

enum class Op : uint8_t {
  kExtension = 0,
  kAlloc = 1,
  kFree = 2,
  kRealloc = 3,
  kMap = 4,
  kUnmap = 5,
  kRemap = 6,
  kArena = 7,
};

// Flags of map and remap.
namespace map_flag {
constexpr uint32_t kFile = 1;      // backed by a file: no live bytes
constexpr uint32_t kShared = 2;    // MAP_SHARED
constexpr uint32_t kStack = 4;     // MAP_STACK or MAP_GROWSDOWN: a thread's stack, no live bytes
constexpr uint32_t kNoAccess = 8;  // PROT_NONE: reserved address space, no live bytes
constexpr uint32_t kBreak = 16;    // brk or sbrk
constexpr uint32_t kExecutable = 32;
}  // namespace map_flag

struct Event {
  Op op = Op::kExtension;
  Domain domain = Domain::kMalloc;
  bool arena_freed = false;  // kArena: given back, not made
  uint32_t flags = 0;        // kMap, kRemap: map_flag
  StackId stack{};           // 0: no stack, and always for kFree and kUnmap
  uint64_t time = 0;         // of the event; realloc, remap: when the old place was given up
  uint64_t end_time = 0;     // realloc, remap: when the new place existed; else equal to time
  uint64_t address = 0;      // the (new) place
  uint64_t size = 0;         // requested bytes at it
  uint64_t old_address = 0;  // kRealloc, kRemap
  uint64_t old_size = 0;     // kRemap
};

// The state that one event leaves behind for the next. Encoder and decoder keep one for each segment.
struct EventState {
  uint64_t time = 0;
  uint64_t address = 0;
  uint32_t stack = 0;
};

constexpr int kMaxEventBytes = 80;
constexpr int kMinEventBytes = 2;  // a free at the same time
constexpr int kMinAllocBytes = 3;  // an alloc or a realloc
constexpr unsigned kDomainShift = 3;
constexpr uint8_t kSameTime = 0x20;
constexpr uint8_t kExactBytes = 0x40;
constexpr uint8_t kSameStack = 0x80;
constexpr unsigned kBlockUnitShift = 4;
constexpr unsigned kPageUnitShift = 12;

namespace event_detail {

constexpr uint8_t tag_of(Op op, unsigned domain) noexcept {
  return static_cast<uint8_t>(static_cast<unsigned>(op) | domain << kDomainShift);
}

inline uint8_t* put_time(uint8_t* out, EventState& state, uint64_t time) noexcept {
  out = put_signed(out, static_cast<int64_t>(time - state.time));
  state.time = time;
  return out;
}

// Whether an event of this op may have kSameTime: its domain is one of the first four.
constexpr bool may_share_time(Op op) noexcept {
  return op == Op::kAlloc || op == Op::kFree;
}

constexpr Domain domain_of(Op op, uint8_t tag) noexcept {
  return static_cast<Domain>((tag >> kDomainShift) & (may_share_time(op) ? 3 : 7));
}

// Writes the time of an alloc or a free, or sets the tag's bit if it is that of the previous event.
inline uint8_t* put_shared_time(uint8_t* out, uint8_t* tag, EventState& state, uint64_t time) noexcept {
  if (time != state.time) return put_time(out, state, time);
  *tag |= kSameTime;
  return out;
}

// Writes an address delta in units. If it is no multiple of the unit, sets the tag's bit and writes it in bytes.
inline uint8_t* put_address(uint8_t* out, uint8_t* tag, EventState& state, uint64_t address,
                            unsigned unit_shift) noexcept {
  const auto delta = static_cast<int64_t>(address - state.address);
  state.address = address;
  if ((delta & ((1 << unit_shift) - 1)) == 0) return put_signed(out, delta >> unit_shift);
  *tag |= kExactBytes;
  return put_signed(out, delta);
}

inline uint8_t* put_move(uint8_t* out, uint8_t* tag, EventState& state, uint64_t from, uint64_t to,
                         unsigned unit_shift) noexcept {
  const auto first = static_cast<int64_t>(from - state.address);
  const auto second = static_cast<int64_t>(to - from);
  state.address = to;
  unsigned shift = unit_shift;
  if (((first | second) & ((1 << unit_shift) - 1)) != 0) {
    *tag |= kExactBytes;
    shift = 0;
  }
  return put_signed(put_signed(out, first >> shift), second >> shift);
}

inline uint8_t* put_stack(uint8_t* out, uint8_t* tag, EventState& state, StackId stack) noexcept {
  if (raw(stack) == state.stack) {
    *tag |= kSameStack;
    return out;
  }
  out = put_signed(out, static_cast<int64_t>(raw(stack)) - static_cast<int64_t>(state.stack));
  state.stack = raw(stack);
  return out;
}

}  // namespace event_detail

// Encoders: write one event at `out` and return its end. Requires: kMaxEventBytes bytes at `out`; allocs and frees have
// one of the first four domains. Cost: about one instruction per bit of the deltas; branches only on varint lengths and
// equal times.
inline uint8_t* encode_alloc(uint8_t* out, EventState& state, Domain domain, uint64_t time, uint64_t address,
                             uint64_t size, StackId stack) noexcept {
  uint8_t* const tag = out;
  *out++ = event_detail::tag_of(Op::kAlloc, static_cast<unsigned>(domain));
  out = event_detail::put_shared_time(out, tag, state, time);
  out = event_detail::put_address(out, tag, state, address, kBlockUnitShift);
  out = put_varint(out, size);
  return event_detail::put_stack(out, tag, state, stack);
}

inline uint8_t* encode_free(uint8_t* out, EventState& state, Domain domain, uint64_t time, uint64_t address) noexcept {
  uint8_t* const tag = out;
  *out++ = event_detail::tag_of(Op::kFree, static_cast<unsigned>(domain));
  out = event_detail::put_shared_time(out, tag, state, time);
  return event_detail::put_address(out, tag, state, address, kBlockUnitShift);
}

inline uint8_t* encode_realloc(uint8_t* out, EventState& state, Domain domain, uint64_t begin_time, uint64_t end_time,
                               uint64_t old_address, uint64_t address, uint64_t size, StackId stack) noexcept {
  uint8_t* const tag = out;
  *out++ = event_detail::tag_of(Op::kRealloc, static_cast<unsigned>(domain));
  out = event_detail::put_time(out, state, begin_time);
  out = put_varint(out, end_time - begin_time);
  state.time = end_time;
  out = event_detail::put_move(out, tag, state, old_address, address, kBlockUnitShift);
  out = put_varint(out, size);
  return event_detail::put_stack(out, tag, state, stack);
}

inline uint8_t* encode_map(uint8_t* out, EventState& state, uint64_t time, uint64_t address, uint64_t size,
                           uint32_t flags, StackId stack) noexcept {
  uint8_t* const tag = out;
  *out++ = event_detail::tag_of(Op::kMap, static_cast<unsigned>(Domain::kMmap));
  out = event_detail::put_time(out, state, time);
  out = event_detail::put_address(out, tag, state, address, kPageUnitShift);
  out = put_varint(put_varint(out, size), flags);
  return event_detail::put_stack(out, tag, state, stack);
}

inline uint8_t* encode_unmap(uint8_t* out, EventState& state, uint64_t time, uint64_t address, uint64_t size) noexcept {
  uint8_t* const tag = out;
  *out++ = event_detail::tag_of(Op::kUnmap, static_cast<unsigned>(Domain::kMmap));
  out = event_detail::put_time(out, state, time);
  out = event_detail::put_address(out, tag, state, address, kPageUnitShift);
  return put_varint(out, size);
}

inline uint8_t* encode_remap(uint8_t* out, EventState& state, uint64_t begin_time, uint64_t end_time,
                             uint64_t old_address, uint64_t old_size, uint64_t address, uint64_t size, uint32_t flags,
                             StackId stack) noexcept {
  uint8_t* const tag = out;
  *out++ = event_detail::tag_of(Op::kRemap, static_cast<unsigned>(Domain::kMmap));
  out = event_detail::put_time(out, state, begin_time);
  out = put_varint(out, end_time - begin_time);
  state.time = end_time;
  out = event_detail::put_move(out, tag, state, old_address, address, kPageUnitShift);
  out = put_varint(put_varint(put_varint(out, old_size), size), flags);
  return event_detail::put_stack(out, tag, state, stack);
}

inline uint8_t* encode_arena(uint8_t* out, EventState& state, bool freed, uint64_t time, uint64_t address,
                             uint64_t size, StackId stack) noexcept {
  uint8_t* const tag = out;
  *out++ = event_detail::tag_of(Op::kArena, freed ? 1 : 0);
  out = event_detail::put_time(out, state, time);
  out = event_detail::put_address(out, tag, state, address, kPageUnitShift);
  out = put_varint(out, size);
  return event_detail::put_stack(out, tag, state, stack);
}

// Encodes an event by its op. Does nothing for an extension.
inline uint8_t* encode_event(uint8_t* out, EventState& state, const Event& event) noexcept {
  switch (event.op) {
    case Op::kAlloc:
      return encode_alloc(out, state, event.domain, event.time, event.address, event.size, event.stack);
    case Op::kFree:
      return encode_free(out, state, event.domain, event.time, event.address);
    case Op::kRealloc:
      return encode_realloc(out, state, event.domain, event.time, event.end_time, event.old_address, event.address,
                            event.size, event.stack);
    case Op::kMap:
      return encode_map(out, state, event.time, event.address, event.size, event.flags, event.stack);
    case Op::kUnmap:
      return encode_unmap(out, state, event.time, event.address, event.size);
    case Op::kRemap:
      return encode_remap(out, state, event.time, event.end_time, event.old_address, event.old_size, event.address,
                          event.size, event.flags, event.stack);
    case Op::kArena:
      return encode_arena(out, state, event.arena_freed, event.time, event.address, event.size, event.stack);
    case Op::kExtension:
      break;
  }
  return out;
}

// Reads the events of one segment's payload, in the order in which they were written. Trusts nothing.
class EventDecoder {
 public:
  EventDecoder(const uint8_t* begin, const uint8_t* end, uint64_t first_time) noexcept
      : EventDecoder(begin, end, EventState{first_time, 0, 0}) {}
  // Begins behind an event that left `state` behind.
  EventDecoder(const uint8_t* begin, const uint8_t* end, const EventState& state) noexcept
      : in_(begin, end), state_(state) {}

  // Reads the next event that this version knows. Returns false at the end. Also returns false at a malformed event;
  // then ok() is false and offset() is where the event begins.
  bool next(Event& event) noexcept;

  // A fast path for allocs and frees, which are nearly all events. Sets the fields time, address and domain of `place`,
  // and size and stack for an alloc. Returns the event's op. Returns kExtension if next() must read the event instead:
  // it has another op, is unusually long, or is among the last bytes. It calls nothing, so that it can be inlined and
  // a local decoder is kept in registers.
  template <typename Place>
  Op next_block(Place& place) noexcept;

  bool ok() const noexcept { return in_.ok(); }
  uint64_t offset() const noexcept { return start_; }
  // The beginning of the next event.
  const uint8_t* position() const noexcept { return in_.position(); }
  // The state that the last event left behind.
  const EventState& state() const noexcept { return state_; }

 private:
  void take_time(Event& event) noexcept {
    state_.time += static_cast<uint64_t>(in_.signed_varint());
    event.time = event.end_time = state_.time;
  }
  void keep_time(Event& event) const noexcept { event.time = event.end_time = state_.time; }
  void take_duration(Event& event) noexcept {
    state_.time += in_.varint();
    event.end_time = state_.time;
  }
  uint64_t take_delta(unsigned shift) noexcept {
    state_.address += static_cast<uint64_t>(in_.signed_varint()) << shift;
    return state_.address;
  }
  template <typename Place>
  void take_stack(Place& event, uint8_t tag) noexcept {
    if ((tag & kSameStack) == 0) state_.stack += static_cast<uint32_t>(in_.signed_varint());
    event.stack = StackId{state_.stack};
  }

  Cursor in_;
  EventState state_;
  uint64_t start_ = 0;
};

template <typename Place>
inline Op EventDecoder::next_block(Place& place) noexcept {
  if (in_.remaining() <= sizeof(uint64_t)) return Op::kExtension;
  const uint8_t tag = *in_.position();
  const auto op = static_cast<Op>(tag & 7);
  if (op != Op::kAlloc && op != Op::kFree) return Op::kExtension;
  PackedFields fields(in_.position() + 1);
  const uint64_t time = (tag & kSameTime) != 0 ? 0 : fields.take_short();
  const uint64_t address = fields.take();
  if (op == Op::kFree) {
    if (!fields.ok()) return Op::kExtension;
  } else {
    const uint64_t size = fields.take_short();
    const bool same = (tag & kSameStack) != 0;
    const uint64_t stack = same ? 0 : fields.take();
    if (!fields.ok()) return Op::kExtension;
    place.size = size;
    state_.stack += static_cast<uint32_t>(unzigzag(stack));
    place.stack = StackId{state_.stack};
  }
  start_ = in_.offset();
  in_.skip(1 + fields.bytes());
  state_.time += static_cast<uint64_t>(unzigzag(time));
  place.time = state_.time;
  place.domain = event_detail::domain_of(op, tag);
  state_.address += static_cast<uint64_t>(unzigzag(address)) << ((tag & kExactBytes) != 0 ? 0 : kBlockUnitShift);
  place.address = state_.address;
  return op;
}

inline bool EventDecoder::next(Event& event) noexcept {
  for (;;) {
    if (!in_.ok()) return false;
    start_ = in_.offset();
    if (in_.at_end()) return false;
    const uint8_t tag = in_.byte();
    event.op = static_cast<Op>(tag & 7);
    const unsigned domain = (tag >> kDomainShift) & 7;
    event.domain = event_detail::domain_of(event.op, tag);
    event.stack = StackId{};
    const bool block = event.op <= Op::kRealloc;
    const unsigned shift = (tag & kExactBytes) != 0 ? 0 : block ? kBlockUnitShift : kPageUnitShift;
    if (event.op == Op::kExtension) {
      in_.varint();
      in_.sized_bytes();
      continue;
    }
    const bool same_time = event_detail::may_share_time(event.op) && (tag & kSameTime) != 0;
    same_time ? keep_time(event) : take_time(event);
    switch (event.op) {
      case Op::kAlloc:
        event.address = take_delta(shift);
        event.size = in_.varint();
        take_stack(event, tag);
        break;
      case Op::kFree:
        event.address = take_delta(shift);
        break;
      case Op::kRealloc:
        take_duration(event);
        event.old_address = take_delta(shift);
        event.address = take_delta(shift);
        event.size = in_.varint();
        take_stack(event, tag);
        break;
      case Op::kMap:
        event.address = take_delta(shift);
        event.size = in_.varint();
        event.flags = in_.varint32();
        take_stack(event, tag);
        break;
      case Op::kUnmap:
        event.address = take_delta(shift);
        event.size = in_.varint();
        break;
      case Op::kRemap:
        take_duration(event);
        event.old_address = take_delta(shift);
        event.address = take_delta(shift);
        event.old_size = in_.varint();
        event.size = in_.varint();
        event.flags = in_.varint32();
        take_stack(event, tag);
        break;
      case Op::kArena:
        event.domain = Domain::kObj;
        event.arena_freed = domain == 1;
        event.address = take_delta(shift);
        event.size = in_.varint();
        take_stack(event, tag);
        break;
      case Op::kExtension:
        break;
    }
    return in_.ok();
  }
}

}  // namespace cistern
