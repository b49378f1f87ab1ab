// Events with the fields of their op, in the order of the format's description.
#pragma once

#include "cistern/format/event.h"

namespace cistern {

inline Event make_event(Op op, Domain domain, uint64_t time, uint64_t address, uint64_t size, StackId stack) {
  Event event;
  event.op = op;
  event.domain = domain;
  event.time = event.end_time = time;
  event.address = address;
  event.size = size;
  event.stack = stack;
  return event;
}
inline Event make_alloc(Domain domain, uint64_t time, uint64_t address, uint64_t size, StackId stack) {
  return make_event(Op::kAlloc, domain, time, address, size, stack);
}
inline Event make_free(Domain domain, uint64_t time, uint64_t address) {
  return make_event(Op::kFree, domain, time, address, 0, StackId{});
}
inline Event make_realloc(Domain domain, uint64_t time, uint64_t end_time, uint64_t old_address, uint64_t address,
                          uint64_t size, StackId stack) {
  Event event = make_event(Op::kRealloc, domain, time, address, size, stack);
  event.end_time = end_time;
  event.old_address = old_address;
  return event;
}
inline Event make_map(uint64_t time, uint64_t address, uint64_t size, uint32_t flags, StackId stack) {
  Event event = make_event(Op::kMap, Domain::kMmap, time, address, size, stack);
  event.flags = flags;
  return event;
}
inline Event make_unmap(uint64_t time, uint64_t address, uint64_t size) {
  return make_event(Op::kUnmap, Domain::kMmap, time, address, size, StackId{});
}
inline Event make_remap(uint64_t time, uint64_t end_time, uint64_t old_address, uint64_t old_size, uint64_t address,
                        uint64_t size, uint32_t flags, StackId stack) {
  Event event = make_map(time, address, size, flags, stack);
  event.op = Op::kRemap;
  event.end_time = end_time;
  event.old_address = old_address;
  event.old_size = old_size;
  return event;
}
inline Event make_arena(bool given_back, uint64_t time, uint64_t address, uint64_t size, StackId stack) {
  Event event = make_event(Op::kArena, Domain::kObj, time, address, size, stack);
  event.arena_freed = given_back;
  return event;
}

}  // namespace cistern
