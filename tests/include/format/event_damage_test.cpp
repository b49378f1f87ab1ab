#include <gtest/gtest.h>

#include "cistern/format/event.h"
#include "tests/builders/event_text.h"

namespace cistern {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes encoded(const std::vector<Event>& events, std::vector<size_t>& begins) {
  Bytes bytes;
  EventState state;
  for (const Event& event : events) {
    uint8_t buffer[kMaxEventBytes];
    begins.push_back(bytes.size());
    bytes.insert(bytes.end(), buffer, encode_event(buffer, state, event));
  }
  begins.push_back(bytes.size());
  return bytes;
}

TEST(EventDamage, ATruncatedPayloadYieldsExactlyTheCompleteEvents) {
  const std::vector<Event> events = random_events(7, 100);
  std::vector<size_t> begins;
  const Bytes bytes = encoded(events, begins);
  size_t whole = 0;
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    while (whole < events.size() && begins[whole + 1] <= cut) ++whole;
    const Bytes truncated(
        bytes.begin(),
        bytes.begin() + static_cast<ptrdiff_t>(cut));  // a copy, so that a sanitizer notices a read past its end
    EventDecoder decoder(truncated.data(), truncated.data() + truncated.size(), 0);
    Event event;
    for (size_t i = 0; i < whole; ++i) {
      ASSERT_TRUE(decoder.next(event)) << "cut at " << cut;
      ASSERT_TRUE(same(event, events[i])) << "cut at " << cut;
    }
    ASSERT_FALSE(decoder.next(event)) << "cut at " << cut;
    ASSERT_EQ(decoder.ok(), begins[whole] == cut) << "cut at " << cut;
    ASSERT_EQ(decoder.offset(), begins[whole]) << "cut at " << cut;
  }
}

TEST(EventDamage, ADecoderThatFailedStaysFailed) {
  const Bytes bytes{0x01, 0x80};
  EventDecoder decoder(bytes.data(), bytes.data() + bytes.size(), 0);
  Event event;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(decoder.next(event));
    EXPECT_FALSE(decoder.ok());
  }
}

TEST(EventDamage, RandomBytesAreReadToTheirEndOrToAnError) {
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes(random() % 200);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
    EventDecoder decoder(bytes.data(), bytes.data() + bytes.size(), random());
    Event event;
    size_t count = 0;
    while (decoder.next(event)) ASSERT_LE(++count, bytes.size());
    ASSERT_LE(decoder.offset(), bytes.size());
  }
}

TEST(EventDamage, TheFastPathEndsWhereTheFullDecoderDoes) {
  std::mt19937 random(12);
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes(random() % 60);
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() % 3 == 0 ? random() : random() % 8);
    EventDecoder plain(bytes.data(), bytes.data() + bytes.size(), 5);
    EventDecoder quick(bytes.data(), bytes.data() + bytes.size(), 5);
    Event expected;
    while (plain.next(expected)) {
      Event event;
      event.op = quick.next_block(event);
      event.end_time = event.time;
      if (event.op == Op::kExtension) {
        ASSERT_TRUE(quick.next(event));
      }
      ASSERT_TRUE(same(event, expected)) << text_of(expected) << "\n" << text_of(event);
      ASSERT_EQ(quick.offset(), plain.offset());
    }
    Event none;
    EXPECT_EQ(quick.next_block(none), Op::kExtension);
    EXPECT_FALSE(quick.next(none));
    EXPECT_EQ(quick.ok(), plain.ok());
    EXPECT_EQ(quick.offset(), plain.offset());
  }
}

TEST(EventDamage, AnUnknownExtensionIsSkippedByItsLength) {
  EventState state;
  Bytes bytes{0x00, 0x09, 0x03, 0xff, 0xff,
              0xff, 0xf8, 0x85, 0x01, 0x00};  // two extensions; the upper bits of the tag are ignored
  uint8_t buffer[kMaxEventBytes];
  uint8_t* const end = encode_alloc(buffer, state, Domain::kRaw, 3, 0x40, 8, StackId{1});
  bytes.insert(bytes.end(), buffer, end);
  EventDecoder decoder(bytes.data(), bytes.data() + bytes.size(), 0);
  Event event;
  ASSERT_TRUE(decoder.next(event));
  EXPECT_EQ(text_of(event), "alloc domain=raw time=3 address=0x40 size=8 stack=1");
  EXPECT_FALSE(decoder.next(event));
  EXPECT_TRUE(decoder.ok());
}

TEST(EventDamage, AnExtensionThatIsLongerThanThePayloadIsAnError) {
  const Bytes bytes{0x00, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01, 0x00};
  EventDecoder decoder(bytes.data(), bytes.data() + bytes.size(), 0);
  Event event;
  EXPECT_FALSE(decoder.next(event));
  EXPECT_FALSE(decoder.ok());
  EXPECT_EQ(decoder.offset(), 0u);
}

}  // namespace
}  // namespace cistern
