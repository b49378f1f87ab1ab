#include "tests/builders/event_text.h"

#include <cinttypes>
#include <cstdio>
#include <iterator>

namespace cistern {
namespace {

const char* name_of(Op op) {
  constexpr const char* names[] = {"extension", "alloc", "free", "realloc", "map", "unmap", "remap", "arena"};
  return names[static_cast<int>(op)];
}

bool moves(Op op) {
  return op == Op::kRealloc || op == Op::kRemap;
}
bool has_stack(Op op) {
  return op != Op::kFree && op != Op::kUnmap;
}

std::string hex(uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%" PRIx64, value);
  return text;
}

// A border value, or a random value of random width.
uint64_t telling_number(std::mt19937& random) {
  constexpr uint64_t special[] = {0, 1, 15, 16, 127, 128, 4095, 4096, INT64_MAX, uint64_t{1} << 63, UINT64_MAX};
  const uint32_t choice = random() % 16;
  if (choice < std::size(special)) return special[choice];
  const uint64_t wide = uint64_t{random()} << 32 | random();
  return wide >> random() % 64;
}

uint64_t near(std::mt19937& random, uint64_t place) {
  const uint64_t step = random() % 4096;
  const uint64_t unit = random() % 4 == 0 ? 1 : random() % 2 == 0 ? 16 : 4096;
  return random() % 2 == 0 ? place + step * unit : place - step * unit;
}

}  // namespace

std::string text_of(const Event& event) {
  std::string text = name_of(event.op);
  if (event.op == Op::kArena) {
    text += event.arena_freed ? " freed" : " made";
  } else {
    text += " domain=" + std::string(cistern::name_of(event.domain));
  }
  text += " time=" + std::to_string(event.time);
  if (moves(event.op)) {
    text += " end_time=" + std::to_string(event.end_time) + " old_address=" + hex(event.old_address);
  }
  text += " address=" + hex(event.address);
  if (event.op == Op::kRemap) text += " old_size=" + std::to_string(event.old_size);
  if (event.op != Op::kFree) text += " size=" + std::to_string(event.size);
  if (event.op == Op::kMap || event.op == Op::kRemap) text += " flags=" + std::to_string(event.flags);
  if (has_stack(event.op)) text += " stack=" + std::to_string(raw(event.stack));
  return text;
}

bool same(const Event& a, const Event& b) {
  return text_of(a) == text_of(b) && a.stack == b.stack && a.end_time == b.end_time;
}

std::vector<Event> random_events(uint32_t seed, int count) {
  std::mt19937 random(seed);
  std::vector<Event> events;
  uint64_t time = telling_number(random);
  uint64_t place = telling_number(random);
  for (int i = 0; i < count; ++i) {
    const bool extreme = random() % 8 == 0;
    Event event;
    event.op = static_cast<Op>(1 + random() % 7);
    time = extreme ? telling_number(random) : time + random() % 1000 - 10;
    event.time = event.end_time = time;
    if (moves(event.op)) time = event.end_time = extreme ? telling_number(random) : time + random() % 500;
    const bool block = event.op <= Op::kRealloc;
    event.domain = block ? static_cast<Domain>(random() % 4) : Domain::kMmap;
    if (event.op == Op::kArena) {
      event.domain = Domain::kObj;
      event.arena_freed = random() % 2 == 0;
    }
    if (moves(event.op)) event.old_address = place = extreme ? telling_number(random) : near(random, place);
    event.address = place = extreme ? telling_number(random) : near(random, place);
    if (event.op != Op::kFree) event.size = telling_number(random);
    if (event.op == Op::kRemap) event.old_size = telling_number(random);
    if (event.op == Op::kMap || event.op == Op::kRemap) event.flags = static_cast<uint32_t>(telling_number(random));
    if (has_stack(event.op))
      event.stack = StackId{static_cast<uint32_t>(extreme ? telling_number(random) : random() % 3)};
    events.push_back(event);
  }
  return events;
}

}  // namespace cistern
