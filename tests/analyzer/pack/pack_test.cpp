#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <random>
#include <set>
#include <vector>

#include "analyzer/pack/column_unpacker.h"
#include "analyzer/pack/segment_codec.h"
#include "cistern/format/checksum.h"
#include "cistern/format/window_layout.h"

namespace cistern::analyzer {
namespace {

constexpr uint64_t kFirstTime = 1'000'000;

// A program with an allocator like pymalloc and glibc: it uses free lists, takes new blocks from the end, and sometimes
// returns a block from anywhere.
class Program {
 public:
  explicit Program(uint32_t seed) : random_(seed) {}

  std::vector<uint8_t> events(size_t most_bytes) {
    std::vector<uint8_t> content(most_bytes + kMaxEventBytes);
    uint8_t* out = content.data();
    while (out < content.data() + most_bytes - kMaxEventBytes) out = encode_event(out, state_, next());
    content.resize(static_cast<size_t>(out - content.data()));
    return content;
  }
  void begin_segment() { state_ = EventState{kFirstTime, 0, 0}; }

 private:
  uint64_t below(uint64_t bound) { return random_() % bound; }

  Event next() {
    Event event;
    time_ += below(60);
    event.time = event.end_time = time_;
    const uint64_t what = below(1000);
    if (what < 3) return pages(event);
    if (what < 40 && !live_.empty()) return realloc(event);
    if (what < 500 && !live_.empty()) return free(event);
    event.op = Op::kAlloc;
    place(event);
    return event;
  }

  void place(Event& event) {
    static constexpr Domain kDomains[] = {Domain::kObj, Domain::kObj, Domain::kMem, Domain::kMalloc, Domain::kRaw};
    event.domain = kDomains[below(5)];
    event.size = below(50) == 0 ? below(1u << 20) : below(600);
    event.stack = StackId{static_cast<uint32_t>(below(10) == 0 ? below(100'000) : 1 + below(40))};
    std::vector<uint64_t>& freed = freed_[event.size / 16 % 64];
    if (!freed.empty() && below(20) != 0) {
      event.address = freed.back();
      freed.pop_back();
    } else {
      event.address = below(30) == 0 ? below(UINT64_MAX) : end_ += (event.size / 16 + 1) * 16;
    }
    live_.push_back({event.address, event.size});
  }

  Event free(Event event) {
    const size_t which = below(2) == 0 ? live_.size() - 1 : below(live_.size());
    event.op = Op::kFree;
    event.domain = Domain::kObj;
    event.address = live_[which].first;
    freed_[live_[which].second / 16 % 64].push_back(event.address);
    live_.erase(live_.begin() + static_cast<ptrdiff_t>(which));
    return event;
  }

  Event realloc(Event event) {
    event.op = Op::kRealloc;
    event.old_address = below(10) == 0 ? below(1u << 30) : live_.back().first;
    event.end_time = time_ += below(9);
    place(event);
    if (below(2) == 0) event.address = event.old_address;
    return event;
  }

  Event pages(Event event) {
    static constexpr Op kOps[] = {Op::kMap, Op::kUnmap, Op::kRemap, Op::kArena};
    event.op = kOps[below(4)];
    event.domain = Domain::kMmap;
    event.address = below(1u << 20) << 12;
    event.size = below(9) << 12;
    event.stack = event.op == Op::kUnmap ? StackId{} : StackId{static_cast<uint32_t>(below(50))};
    if (event.op == Op::kMap || event.op == Op::kRemap) event.flags = static_cast<uint32_t>(below(64));
    if (event.op == Op::kRemap) {
      event.old_address = below(1u << 20) << 12;
      event.old_size = below(9) << 12;
      event.end_time = time_ += below(9);
    }
    if (event.op == Op::kArena) event.arena_freed = below(2) == 0;
    return event;
  }

  std::mt19937_64 random_;
  EventState state_{kFirstTime, 0, 0};
  uint64_t time_ = kFirstTime;
  uint64_t end_ = 0x7f0000000000;
  std::vector<std::pair<uint64_t, uint64_t>> live_;
  std::vector<uint64_t> freed_[64];
};

SegmentHeader header_of(SegmentKind kind) {
  return new_segment_header(kind, StreamId{1}, 0, kFirstTime);
}

std::span<const uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

TEST(Pack, PackedSegmentsUnpackToTheSameBytes) {
  SegmentPacker packer;
  SegmentUnpacker unpacker;
  std::vector<uint8_t> again;
  std::string payload;
  for (uint32_t seed = 0; seed < 40; ++seed) {
    Program program(seed);
    for (const size_t size : {size_t{300}, size_t{5'000}, size_t{kMaxPayloadBytes}}) {
      const std::vector<uint8_t> content = program.events(size);
      SegmentHeader header = header_of(SegmentKind::kEvents);
      packer.pack(header, content, payload);
      ASSERT_TRUE(size < 2048 || header.codec == Codec::kColumns) << seed;
      ASSERT_LE(payload.size(), content.size());
      ASSERT_EQ(header.checksum, checksum_of(header, payload.data()));
      ASSERT_TRUE(unpacker.unpack(header, bytes_of(payload), again)) << seed;
      ASSERT_EQ(again, content) << seed;
      program.begin_segment();
    }
  }
}

TEST(Pack, EventsOfALaterVersionAndRecordsArePackedWithZstd) {
  SegmentPacker packer;
  SegmentUnpacker unpacker;
  std::vector<uint8_t> again;
  std::string payload;
  Program program(7);
  std::vector<uint8_t> content = program.events(10'000);
  const uint8_t extension[] = {0x00, 0x09, 0x03, 0xff, 0xff, 0xff};
  content.insert(content.begin(), extension, extension + sizeof extension);
  for (const SegmentKind kind : {SegmentKind::kEvents, SegmentKind::kRecords}) {
    SegmentHeader header = header_of(kind);
    packer.pack(header, content, payload);
    EXPECT_EQ(header.codec, Codec::kZstd);
    EXPECT_TRUE(unpacker.unpack(header, bytes_of(payload), again));
    EXPECT_EQ(again, content);
  }
}

TEST(Pack, SegmentsThatDoNotGetSmallerStayPlain) {
  SegmentPacker packer;
  std::string payload;
  const std::vector<uint8_t> content{0x01, 0x0a, 0x80, 0x04, 0x18, 0x06};
  SegmentHeader header = header_of(SegmentKind::kEvents);
  packer.pack(header, content, payload);
  EXPECT_EQ(header.codec, Codec::kPlain);
  EXPECT_EQ(payload, std::string(content.begin(), content.end()));
}

// As many events as a segment can have: allocs of three bytes, then their frees of two.
TEST(Pack, SegmentsOfTheSmallestEventsUnpackToTheSameBytes) {
  for (const bool freed : {false, true}) {
    std::vector<uint8_t> content(kMaxPayloadBytes);
    EventState state{kFirstTime, 0, 0};
    uint8_t* out = content.data();
    uint64_t events = 0;
    for (; out + kMinAllocBytes <= content.data() + content.size(); ++events) {
      const uint64_t address = 0x100 + 16 * (events % 60);
      out = freed && events % 3 != 0 ? encode_free(out, state, Domain::kObj, kFirstTime, address)
                                     : encode_alloc(out, state, Domain::kObj, kFirstTime, address, 16, StackId{});
    }
    content.resize(static_cast<size_t>(out - content.data()));
    ASSERT_GE(events, content.size() * 9 / (freed ? 22 : 28));
    SegmentPacker packer;
    SegmentUnpacker unpacker;
    std::vector<uint8_t> again;
    std::string payload;
    SegmentHeader header = header_of(SegmentKind::kEvents);
    packer.pack(header, content, payload);
    EXPECT_EQ(header.codec, Codec::kColumns);
    ASSERT_TRUE(unpacker.unpack(header, bytes_of(payload), again));
    EXPECT_EQ(again, content);
  }
}

// The last bytes of each column are read by other code than the rest.
TEST(Pack, SegmentsOfAnySizeUnpackToTheSameBytes) {
  SegmentPacker packer;
  SegmentUnpacker unpacker;
  std::vector<uint8_t> again;
  std::string payload;
  Program program(5);
  for (size_t size = 2'500; size < 2'900; ++size) {
    const std::vector<uint8_t> content = program.events(size);
    SegmentHeader header = header_of(SegmentKind::kEvents);
    packer.pack(header, content, payload);
    ASSERT_EQ(header.codec, Codec::kColumns);
    ASSERT_TRUE(unpacker.unpack(header, bytes_of(payload), again)) << size;
    ASSERT_EQ(again, content) << size;
    program.begin_segment();
  }
}

std::vector<uint8_t> packed_events(SegmentPacker& packer, std::vector<uint8_t> content, SegmentHeader& header) {
  std::string payload;
  header = header_of(SegmentKind::kEvents);
  packer.pack(header, content, payload);
  return {payload.begin(), payload.end()};
}

// Packing a segment does not depend on earlier segments, nor on whether it was unpacked again.
TEST(Pack, EachSegmentUnpacksWithoutTheOthers) {
  SegmentPacker one(Proof::kAll);
  SegmentPacker many(Proof::kSample);
  SegmentHeader header;
  for (uint32_t seed = 0; seed < 40; ++seed) {
    const std::vector<uint8_t> content = Program(seed).events(30'000);
    SegmentPacker fresh;
    const std::vector<uint8_t> wanted = packed_events(fresh, content, header);
    ASSERT_EQ(packed_events(one, content, header), wanted);
    ASSERT_EQ(packed_events(many, content, header), wanted);
    ASSERT_EQ(header.codec, Codec::kColumns);
  }
}

// A time with one byte too many: this version's encoder does not write it, and columns cannot represent it.
TEST(Pack, SegmentsThatColumnsCannotRepresentArePackedWithZstd) {
  std::vector<uint8_t> content = Program(9).events(20'000);
  const uint8_t alloc[] = {0x01, 0x85, 0x80, 0x00, 0x80, 0x04, 0x18, 0x06};
  content.insert(content.begin(), alloc, alloc + sizeof alloc);
  SegmentPacker packer;
  SegmentUnpacker unpacker;
  SegmentHeader header;
  const std::vector<uint8_t> payload = packed_events(packer, content, header);
  EXPECT_EQ(header.codec, Codec::kZstd);
  std::vector<uint8_t> again;
  EXPECT_TRUE(unpacker.unpack(header, payload, again));
  EXPECT_EQ(again, content);
}

// The checksum before the columns is that of the events: a change of either is noticed.
TEST(Pack, ColumnsOfOtherEventsAreRefused) {
  const std::vector<uint8_t> content = Program(4).events(20'000);
  SegmentPacker packer;
  SegmentUnpacker unpacker;
  SegmentHeader header;
  std::vector<uint8_t> payload = packed_events(packer, content, header);
  ASSERT_EQ(header.codec, Codec::kColumns);
  std::vector<uint8_t> again;
  ASSERT_TRUE(unpacker.unpack(header, payload, again));
  for (size_t i = 0; i < 8; ++i) {
    payload[i] ^= 1;
    EXPECT_FALSE(unpacker.unpack(header, payload, again));
    payload[i] ^= 1;
  }
}

// The checksum contains every field of every op.
TEST(Pack, TheChecksumDistinguishesEvents) {
  const auto check_of = [](unsigned what, uint64_t time, const Event& event) {
    EventCheck check;
    check.add(what, time, event);
    return check.value();
  };
  Event event;
  event.op = Op::kRemap;
  event.stack = StackId{3};
  event.end_time = 9;
  event.address = 0x7f0000004000;
  event.size = 8192;
  event.old_address = 0x7f0000000000;
  event.old_size = 4096;
  event.flags = 2;
  std::set<uint64_t> seen{check_of(6, 10, event), check_of(14, 10, event), check_of(6, 11, event)};
  for (const auto& change : std::initializer_list<void (*)(Event&)>{
           [](Event& one) { one.stack = StackId{4}; }, [](Event& one) { one.end_time = 10; },
           [](Event& one) { one.address += 4096; }, [](Event& one) { one.size += 1; },
           [](Event& one) { one.old_address += 4096; }, [](Event& one) { one.old_size += 1; },
           [](Event& one) { one.flags = 3; }}) {
    Event other = event;
    change(other);
    seen.insert(check_of(6, 10, other));
  }
  EXPECT_EQ(seen.size(), 10u);
}

// Malformed columns that are valid for zstd.
TEST(Pack, MalformedColumnsAreRefused) {
  std::mt19937_64 random(11);
  ColumnPacker packer;
  ColumnReader reader;
  Columns columns;
  std::vector<uint8_t> out;
  const std::vector<uint8_t> content = Program(3).events(20'000);
  ASSERT_TRUE(packer.pack(content, kFirstTime, columns));
  std::array<std::string, kColumns> good;
  std::copy(columns.begin(), columns.end(), good.begin());
  size_t refused = 0;
  constexpr size_t kTimes = 5'000;
  for (size_t i = 0; i < kTimes; ++i) {
    std::array<std::string, kColumns> spoilt = good;
    std::string& column = spoilt[random() % kColumns];
    if (random() % 4 == 0) {
      column.resize(random() % (column.size() + 1));
    } else {
      for (size_t n = 1 + random() % 4; n > 0 && !column.empty(); --n) {
        column[random() % column.size()] = static_cast<char>(random());
      }
    }
    std::copy(spoilt.begin(), spoilt.end(), columns.begin());
    out.clear();
    reader.begin(columns, kFirstTime);
    if (!unpack_columns(reader, content.size(), out)) ++refused;
    ASSERT_LE(out.size(), content.size());
  }
  EXPECT_GT(refused, kTimes / 2);
}

TEST(Pack, ContentLargerThanASegmentIsRefused) {
  SegmentPacker packer;
  SegmentUnpacker unpacker;
  std::vector<uint8_t> again;
  std::string payload;
  SegmentHeader header = header_of(SegmentKind::kRecords);
  packer.pack(header, std::vector<uint8_t>(100'000, 7), payload);
  header.content_bytes = UINT32_MAX;
  EXPECT_FALSE(unpacker.unpack(header, bytes_of(payload), again));
  header.content_bytes = 100'001;
  EXPECT_FALSE(unpacker.unpack(header, bytes_of(payload), again));
}

}  // namespace
}  // namespace cistern::analyzer
