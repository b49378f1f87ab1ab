#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <sstream>
#include <vector>

#include "analyzer/pack/segment_codec.h"
#include "analyzer/read/event_stream.h"
#include "tests/builders/recording.h"

namespace cistern::analyzer {
namespace {

// The fields that a step's kind has.
std::string text_of(StreamId stream_id, const HeapStep& step) {
  std::ostringstream out;
  out << raw(stream_id) << ' ' << step.time << ' ' << static_cast<int>(step.kind) << ' ' << std::hex << step.address
      << std::dec << ' ' << static_cast<int>(step.domain);
  const bool give = step.kind == HeapStepKind::kFree || step.kind == HeapStepKind::kReallocRelease;
  if (!give) out << " size " << step.size;
  if (acquires(step.kind)) out << " stack " << raw(step.stack);
  if (step.kind == HeapStepKind::kReallocAcquire || step.kind == HeapStepKind::kRemapAcquire)
    out << " old " << step.old_address;
  if (step.kind == HeapStepKind::kMap || step.kind == HeapStepKind::kRemapAcquire) out << " flags " << step.flags;
  return out.str();
}

struct Read {
  std::vector<std::string> steps;
  uint64_t events = 0;
  uint64_t unreadable_bytes = 0;
};

Read read(const Image& image) {
  Read read;
  EventStream stream(image);
  for (StepRun run = stream.next(); !run.steps.empty(); run = stream.next()) {
    for (const HeapStep& step : run.steps) read.steps.push_back(text_of(run.stream_id, step));
  }
  read.events = stream.events();
  read.unreadable_bytes = stream.unreadable_bytes();
  return read;
}

// Two threads with events of every op, times that step back, and segments of several thousand events.
void record_some(Recording& recording) {
  std::mt19937 random(3);
  uint64_t now = kStart;
  for (int i = 0; i < 40'000; ++i) {
    const uint32_t stream_id = 1 + static_cast<uint32_t>(random() % 2);
    const uint64_t address = 0x10000 + 16 * static_cast<uint64_t>(random() % 5000);
    const StackId stack{1 + static_cast<uint32_t>(random() % 50)};
    now += random() % 90;
    const uint64_t time = now - (random() % 50 == 0 ? random() % 20 : 0);
    const auto what = random() % 100;
    if (what < 50) {
      recording.alloc(stream_id, time, address, random() % 700, stack,
                      random() % 2 == 0 ? Domain::kObj : Domain::kMalloc);
    } else if (what < 96) {
      recording.free(stream_id, time, address);
    } else if (what < 98) {
      recording.realloc(stream_id, time, time + 5, address, address + 16 * (random() % 3), random() % 900, stack);
    } else {
      recording.map(stream_id, time, address << 12, 8192, 2, stack);
      recording.unmap(stream_id, time + 1, address << 12, 4096);
    }
    if (i % 10'000 == 9'999) recording.seal(stream_id);
  }
}

// The image's event segments, packed. `payloads` keeps them.
void pack(Image& image, std::deque<std::vector<uint8_t>>& payloads) {
  SegmentPacker packer;
  for (StreamSegments& stream_id : image.streams) {
    for (FoundSegment& segment : stream_id.segments) {
      std::string payload;
      packer.pack(segment.header, segment.payload, payload);
      ASSERT_EQ(segment.header.codec, Codec::kColumns);
      payloads.emplace_back(payload.begin(), payload.end());
      segment.payload = payloads.back();
    }
  }
}

TEST(PackedStream, HasTheSameStepsAsThePlainStream) {
  Recording recording;
  record_some(recording);
  Profile profile = recording.read();
  Image& image = profile.images.front();
  const Read plain = read(image);
  std::deque<std::vector<uint8_t>> payloads;
  pack(image, payloads);
  const Read packed = read(image);
  EXPECT_EQ(packed.steps, plain.steps);
  EXPECT_EQ(packed.events, plain.events);
  EXPECT_EQ(packed.unreadable_bytes, 0u);
}

TEST(PackedStream, CountsBytesThatItCannotRead) {
  Recording recording;
  record_some(recording);
  Profile profile = recording.read();
  Image& image = profile.images.front();
  std::deque<std::vector<uint8_t>> payloads;
  pack(image, payloads);
  const Read whole = read(image);
  FoundSegment& first = image.streams.front().segments.front();

  payloads.front()[3] ^= 1;  // of the checksum: the events cannot be trusted
  EXPECT_EQ(read(image).unreadable_bytes, first.header.content_bytes);
  payloads.front()[3] ^= 1;

  const auto all = first.payload;
  first.payload = all.first(all.size() / 2);  // columns are missing
  EXPECT_EQ(read(image).unreadable_bytes, first.header.content_bytes);
  EXPECT_LT(read(image).events, whole.events);
  first.payload = all;

  first.header.content_bytes /= 4;  // it has more events than fit
  EXPECT_EQ(read(image).unreadable_bytes, first.header.content_bytes);
}

}  // namespace
}  // namespace cistern::analyzer
