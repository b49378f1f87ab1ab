#include "cistern/format/event.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/builders/event_text.h"

namespace cistern {
namespace {

using Bytes = std::vector<uint8_t>;

// The encoding of `events`, and where each begins.
struct Encoded {
  Bytes bytes;
  std::vector<size_t> begins;
};

Encoded encoded(const std::vector<Event>& events, uint64_t first_time = 0) {
  Encoded result;
  EventState state;
  state.time = first_time;
  for (const Event& event : events) {
    uint8_t buffer[kMaxEventBytes];
    uint8_t* const end = encode_event(buffer, state, event);
    EXPECT_LE(end - buffer, kMaxEventBytes);
    result.begins.push_back(result.bytes.size());
    result.bytes.insert(result.bytes.end(), buffer, end);
  }
  return result;
}

Event alloc(uint64_t time, uint64_t address, uint64_t size, uint32_t stack) {
  Event event;
  event.op = Op::kAlloc;
  event.time = event.end_time = time;
  event.address = address;
  event.size = size;
  event.stack = StackId{stack};
  return event;
}

TEST(Event, RandomEventsOfEveryOpAreDecodedUnchanged) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    const std::vector<Event> events = random_events(seed, 500);
    const uint64_t first_time = uint64_t{seed} << 50;
    const Encoded written = encoded(events, first_time);
    EventDecoder decoder(written.bytes.data(), written.bytes.data() + written.bytes.size(), first_time);
    std::set<Op> ops;
    for (size_t i = 0; i < events.size(); ++i) {
      Event event;
      ASSERT_TRUE(decoder.next(event)) << "seed " << seed << ", event " << i << ": " << text_of(events[i]);
      ASSERT_TRUE(same(event, events[i])) << "seed " << seed << ", event " << i << "\n"
                                          << text_of(events[i]) << "\n"
                                          << text_of(event);
      ASSERT_EQ(decoder.offset(), written.begins[i]);
      ops.insert(event.op);
    }
    Event none;
    EXPECT_FALSE(decoder.next(none));
    EXPECT_TRUE(decoder.ok());
    EXPECT_EQ(ops.size(), 7u);
  }
}

// Reads allocs and frees by next_block(), and other events by next().
bool next_by_fast_path(EventDecoder& decoder, Event& event) {
  Event block;
  block.op = decoder.next_block(block);
  if (block.op == Op::kExtension) return decoder.next(event);
  block.end_time = block.time;
  event = block;
  return true;
}

TEST(Event, TheFastPathDecodesTheSameAllocsAndFrees) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    const std::vector<Event> events = random_events(seed, 500);
    const Encoded written = encoded(events, seed);
    EventDecoder decoder(written.bytes.data(), written.bytes.data() + written.bytes.size(), seed);
    for (size_t i = 0; i < events.size(); ++i) {
      Event event;
      ASSERT_TRUE(next_by_fast_path(decoder, event)) << "seed " << seed << ", event " << i;
      ASSERT_TRUE(same(event, events[i])) << text_of(events[i]) << "\n" << text_of(event);
      ASSERT_EQ(decoder.offset(), written.begins[i]);
    }
    Event none;
    EXPECT_FALSE(next_by_fast_path(decoder, none));
    EXPECT_TRUE(decoder.ok());
  }
}

TEST(Event, AFreeDecodedIntoAUsedEventHasNoStackAndNoDuration) {
  Event remap;
  remap.op = Op::kRemap;
  remap.domain = Domain::kMmap;
  remap.time = 5;
  remap.end_time = 9;
  remap.old_address = 0x10000;
  remap.address = 0x20000;
  remap.old_size = 4096;
  remap.size = 8192;
  remap.stack = StackId{4};
  Event freed;
  freed.op = Op::kFree;
  freed.time = freed.end_time = 20;
  freed.address = 0x1000;
  const Encoded written = encoded({remap, freed});
  EventDecoder decoder(written.bytes.data(), written.bytes.data() + written.bytes.size(), 0);
  Event event;
  ASSERT_TRUE(decoder.next(event));
  ASSERT_TRUE(decoder.next(event));
  EXPECT_EQ(event.stack, StackId{});
  EXPECT_EQ(event.end_time, event.time);
  EXPECT_EQ(event.domain, Domain::kMalloc);
}

TEST(Event, ARepeatedStackTakesNoBytes) {
  const Encoded written = encoded({alloc(1, 0x1000, 24, 300), alloc(2, 0x1020, 24, 300), alloc(3, 0x1040, 24, 301)});
  EXPECT_EQ(written.begins[2] - written.begins[1], 4u);  // tag, time, address, size
  EXPECT_NE(written.bytes[written.begins[1]] & kSameStack, 0);
  EXPECT_EQ(written.bytes[written.begins[2]] & kSameStack, 0);
}

TEST(Event, AnUnalignedAddressIsWrittenInBytes) {
  const Encoded written = encoded({alloc(1, 0x1000, 24, 0), alloc(2, 0x1008, 24, 0), alloc(3, 0x1010, 24, 0)});
  EXPECT_EQ(written.bytes[written.begins[0]] & kExactBytes, 0);
  EXPECT_NE(written.bytes[written.begins[1]] & kExactBytes, 0);
  EXPECT_NE(written.bytes[written.begins[2]] & kExactBytes, 0);
}

TEST(Event, TheNextTimeIsRelativeToTheEndOfARealloc) {
  Event moved;
  moved.op = Op::kRealloc;
  moved.time = 100;
  moved.end_time = 140;
  moved.old_address = moved.address = 0x1000;
  moved.size = 64;
  const Encoded written = encoded({moved, alloc(120, 0x2000, 8, 0)});
  EXPECT_EQ(unzigzag(written.bytes[written.begins[1] + 1]), -20);
  EventDecoder decoder(written.bytes.data(), written.bytes.data() + written.bytes.size(), 0);
  Event event;
  ASSERT_TRUE(decoder.next(event) && decoder.next(event));
  EXPECT_EQ(event.time, 120u);
}

TEST(Event, AnEqualTimeOfAnAllocOrFreeIsLeftOut) {
  Event moved = alloc(100, 0x1000, 24, 3);
  moved.op = Op::kRealloc;
  moved.old_address = 0x2000;
  moved.end_time = 140;
  Event map = alloc(140, 0x10000, 4096, 3);
  map.op = Op::kMap;
  map.domain = Domain::kMmap;
  Event freed = alloc(140, 0x1000, 0, 0);
  freed.op = Op::kFree;
  freed.domain = Domain::kObj;
  const Encoded written = encoded({moved, alloc(140, 0x1000, 24, 3), freed, map, alloc(141, 0x1000, 24, 3)});
  EXPECT_EQ(written.bytes[written.begins[0]], 0x03);
  EXPECT_EQ(written.bytes[written.begins[1]], 0x81 | kSameTime);
  EXPECT_EQ(written.begins[2] - written.begins[1], 3u) << "tag, address, size";
  EXPECT_EQ(written.bytes[written.begins[2]], 0x02 | 3 << kDomainShift | kSameTime);
  EXPECT_EQ(written.begins[3] - written.begins[2], 2u) << "tag, address";
  EXPECT_EQ(written.bytes[written.begins[3] + 1], 0) << "a map has its time";
  EXPECT_EQ(written.bytes[written.begins[4]] & kSameTime, 0);
  EventDecoder decoder(written.bytes.data(), written.bytes.data() + written.bytes.size(), 0);
  std::vector<uint64_t> times;
  for (Event event; decoder.next(event);) times.push_back(event.time);
  EXPECT_TRUE(decoder.ok());
  EXPECT_EQ(times, (std::vector<uint64_t>{100, 140, 140, 140, 141}));
}

TEST(Event, AnUnknownDomainIsPassedOnAsItsNumber) {
  const Bytes bytes{static_cast<uint8_t>(3 | 6 << kDomainShift), 0x02, 0x00, 0x04, 0x00, 0x18, 0x06};
  EventDecoder decoder(bytes.data(), bytes.data() + bytes.size(), 0);
  Event event;
  ASSERT_TRUE(decoder.next(event));
  EXPECT_EQ(static_cast<int>(event.domain), 6);
  EXPECT_EQ(name_of(event.domain), "unknown");
}

}  // namespace
}  // namespace cistern
