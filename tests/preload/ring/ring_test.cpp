#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "tests/builders/temporary_segment_store.h"

namespace cistern::preload {
namespace {

void put(SegmentStream& stream, const std::string& text) {
  uint8_t* const out = stream.position();
  std::memcpy(out, text.data(), text.size());
  stream.publish(out + text.size());
}

TEST(Ring, PublishesIntoTheWindowBeforeAnythingIsSealed) {
  TemporarySegmentStore temporary;
  SegmentStream stream;
  ASSERT_TRUE(stream.begin(*temporary.segments, SegmentKind::kEvents, StreamId{7}, 99, 5, 1000, 1234));
  put(stream, "hello");
  const StoredSegment seen = temporary.in_window(0);
  EXPECT_EQ(seen.payload, "hello");
  EXPECT_EQ(seen.header.stream_id, 7u);
  EXPECT_EQ(seen.header.first_time, 1234u);
  EXPECT_TRUE(temporary.stored().empty());
}

TEST(Ring, SpillsSegmentsInOrderAndGrowsThem) {
  TemporarySegmentStore temporary;
  SegmentStream stream;
  ASSERT_TRUE(stream.begin(*temporary.segments, SegmentKind::kEvents, StreamId{1}, 1, 0, 1000, 0));
  std::string written;
  for (int i = 0; written.size() < 2'000'000; ++i) {
    const std::string piece = std::to_string(i) + ",";
    if (!stream.has_space(piece.size())) {
      ASSERT_TRUE(stream.roll(*temporary.segments, 1, 1, 2));
    }
    put(stream, piece);
    written += piece;
  }
  ASSERT_TRUE(stream.finish(*temporary.segments, 1, 1));
  std::string read;
  uint64_t sequence = 0;
  uint32_t largest = 0;
  for (const StoredSegment& segment : temporary.stored()) {
    EXPECT_EQ(segment.header.sequence, sequence++);
    largest = std::max(largest, segment.header.payload_bytes);
    read += segment.payload;
  }
  EXPECT_EQ(read, written);
  EXPECT_GT(largest, kMaxPayloadBytes * 9 / 10);
  EXPECT_LT(temporary.stored().front().header.payload_bytes, 8 * 1024u);
}

// Writes segments of one stream, numbered in their payload, until the file was filled several times.
void fill(TemporarySegmentStore& temporary, uint64_t bytes) {
  SegmentStream stream;
  ASSERT_TRUE(stream.begin(*temporary.segments, SegmentKind::kEvents, StreamId{1}, 1, 0, kMaxPayloadBytes, 0));
  uint64_t written = 0;
  for (uint64_t number = 0; written < bytes; ++number) {
    const std::string piece(10'000 + number % 7 * 30'000, static_cast<char>('a' + number % 26));
    put(stream, piece);
    written += piece.size();
    ASSERT_TRUE(stream.roll(*temporary.segments, number, 1, number));
  }
}

TEST(Ring, OverwritesTheOldestSegmentsAndKeepsTheOthersWhole) {
  constexpr uint64_t kBytes = uint64_t{8} << 20;
  for (const uint64_t written : {kBytes / 2, 3 * kBytes, 10 * kBytes + 12'345}) {
    TemporarySegmentStore temporary(kBytes, true);
    fill(temporary, written);
    EXPECT_LE(std::filesystem::file_size(temporary.profile_path()), kBytes);
    uint64_t kept = 0;
    std::map<uint64_t, std::string> by_sequence;
    for (const StoredSegment& segment : temporary.stored()) {
      by_sequence[segment.header.sequence] = segment.payload;
      kept += segment.payload.size();
    }
    ASSERT_FALSE(by_sequence.empty());
    const uint64_t first = by_sequence.begin()->first;
    const uint64_t last = by_sequence.rbegin()->first;
    EXPECT_EQ(by_sequence.size(), last - first + 1) << "a row without a gap, up to the newest";
    EXPECT_EQ(first, temporary.segments->output.overwritten_segments());
    for (const auto& [sequence, payload] : by_sequence) {
      EXPECT_EQ(payload, std::string(payload.size(), static_cast<char>('a' + sequence % 26)));
    }
    // A chunk is empty or being filled, and each wastes less than a segment at its end.
    if (written > kBytes) {
      EXPECT_GT(kept, kBytes * 5 / 8);
    }
  }
}

TEST(Ring, LendsASlotToOneStreamAtATime) {
  TemporarySegmentStore temporary;
  SharedWindow& window = temporary.segments->window;
  std::vector<Slot> slots;
  for (int i = 0; i < 200; ++i) slots.push_back(window.take(1000));
  for (uint32_t i = 0; i < 200; ++i) EXPECT_EQ(slots[i].index, i);
  window.give_back(slots[17]);
  EXPECT_EQ(window.take(1000).index, 17u);
  EXPECT_EQ(window.take(1000).index, 200u);
}

TEST(Ring, LendsAnonymousSlotsWhenTheFileIsRemoved) {
  TemporarySegmentStore temporary;
  SharedWindow& window = temporary.segments->window;
  const Slot before = window.take(1000);
  window.unlink();
  for (int i = 0; i < 100; ++i) {
    const Slot slot = window.take(kMaxPayloadBytes);
    ASSERT_TRUE(slot);
    std::memset(slot.payload(), i, kMaxPayloadBytes);
  }
  window.grow(before, kMaxPayloadBytes);
  EXPECT_LT(before.capacity(), 8 * 1024u) << "a slot in the file cannot grow any more";
}

TEST(Ring, KeepsNoDescriptorOfTheWindow) {
  TemporarySegmentStore temporary;
  EXPECT_TRUE(temporary.segments->window.take(kMaxPayloadBytes));
  const auto window = std::filesystem::path(temporary.window_path());
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    EXPECT_NE(std::filesystem::read_symlink(entry.path(), gone), window);
  }
}

TEST(Ring, WritesThroughAfterFinalizing) {
  TemporarySegmentStore temporary;
  SegmentStream stream;
  ASSERT_TRUE(stream.begin(*temporary.segments, SegmentKind::kEvents, StreamId{1}, 1, 0, 1000, 0));
  put(stream, "before ");
  ASSERT_TRUE(stream.enter_through(*temporary.segments, 5, 1, 6));
  temporary.segments->window.unlink();
  std::string after;
  for (int i = 0; i < 20'000; ++i) {
    const std::string piece = std::to_string(i) + ";";
    if (!stream.has_space(piece.size())) {
      ASSERT_TRUE(stream.roll(*temporary.segments, 1, 1, 2));
    }
    put(stream, piece);
    if (i % 100 == 0 || i == 19'999) {
      ASSERT_TRUE(stream.write_through(*temporary.segments, 7, 1));
    }
    after += piece;
  }
  std::string read;
  for (const StoredSegment& segment : temporary.stored()) read += segment.payload;
  EXPECT_EQ(read, "before " + after);
}

TEST(Ring, LeavesNoGapBetweenTwoThreadsThatWriteThrough) {
  TemporarySegmentStore temporary;
  SegmentStream streams[2];
  for (uint32_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(streams[i].begin(*temporary.segments, SegmentKind::kEvents, StreamId{i + 1}, i + 1, 0, 1000, 0));
    ASSERT_TRUE(streams[i].enter_through(*temporary.segments, 0, 0, 0));
  }
  std::string written[2];
  for (int i = 0; i < 2000; ++i) {
    const std::string piece = std::to_string(i) + ";";
    put(streams[i % 2], piece);
    ASSERT_TRUE(streams[i % 2].write_through(*temporary.segments, 1, 1));
    written[i % 2] += piece;
  }
  const auto stored = temporary.stored();
  ASSERT_EQ(stored.size(), 2u);
  EXPECT_EQ(stored[0].payload, written[0]);
  EXPECT_EQ(stored[1].payload, written[1]);
  EXPECT_EQ(temporary.segments->window.control().file_end,
            kProfileHeaderBytes + place_bytes(stored[0].header) + place_bytes(stored[1].header));
}

TEST(Ring, WritesTheHeaderOfAGrowingSegmentLast) {
  TemporarySegmentStore temporary;
  SegmentStream stream;
  ASSERT_TRUE(stream.begin(*temporary.segments, SegmentKind::kEvents, StreamId{1}, 1, 0, 1000, 0));
  ASSERT_TRUE(stream.enter_through(*temporary.segments, 0, 0, 0));
  put(stream, "first,");
  ASSERT_TRUE(stream.write_through(*temporary.segments, 1, 1));
  // The first bytes are overwritten, to show that what was written before is not written again.
  const int file = open(temporary.profile_path().c_str(), O_RDWR);
  ASSERT_EQ(pwrite(file, "F", 1, kProfileHeaderBytes + sizeof(SegmentHeader)), 1);
  put(stream, "second");
  ASSERT_TRUE(stream.write_through(*temporary.segments, 1, 2));
  char read[12] = {};
  ASSERT_EQ(pread(file, read, sizeof read, kProfileHeaderBytes + sizeof(SegmentHeader)), 12);
  close(file);
  EXPECT_EQ(std::string(read, sizeof read), "First,second");
}

TEST(Ring, TellsTheSizeLimitFromThatOfTheSystem) {
  TemporarySegmentStore temporary(kProfileHeaderBytes + 1000);
  SegmentStream stream;
  ASSERT_TRUE(stream.begin(*temporary.segments, SegmentKind::kEvents, StreamId{1}, 1, 0, 4000, 0));
  put(stream, std::string(3000, 'x'));
  EXPECT_FALSE(stream.roll(*temporary.segments, 1, 1, 2));
  EXPECT_EQ(temporary.segments->failure.load(), kSizeLimitReached);
  EXPECT_EQ(temporary.in_window(0).payload, std::string(3000, 'x')) << "what was not spilled stays in the window";
}

TEST(Ring, ChecksTheFileSizeLimitBeforeWriting) {
  TemporarySegmentStore temporary;
  SegmentStream stream;
  ASSERT_TRUE(stream.begin(*temporary.segments, SegmentKind::kEvents, StreamId{1}, 1, 0, 4000, 0));
  put(stream, std::string(3000, 'x'));
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit low = before;
  low.rlim_cur = 5000;
  setrlimit(RLIMIT_FSIZE, &low);
  const bool rolled = stream.roll(*temporary.segments, 1, 1, 2);  // SIGXFSZ would kill this test
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_FALSE(rolled);
  EXPECT_EQ(temporary.segments->failure.load(), EFBIG);
}

TEST(GuardedFile, IsReopenedWhenItsDescriptorIsClosedAndReused) {
  char directory[] = "/tmp/cistern-file-XXXXXX";
  ASSERT_NE(mkdtemp(directory), nullptr);
  const std::string name = std::string(directory) + "/file";
  PathText path;
  path.add(name);
  GuardedFile file;
  ASSERT_EQ(file.create(path, false), 0);
  ASSERT_EQ(file.write_at("one", 3, 0), 0);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const int innocent = open("/dev/null", O_RDWR);
  for (int fd = 100; fd < static_cast<int>(limit.rlim_cur) && fd < 70'000; ++fd) {
    if (close(fd) == 0) dup2(innocent, fd);
  }
  EXPECT_EQ(file.write_at("two", 3, 3), 0);
  EXPECT_EQ(TemporarySegmentStore::contents(name), "onetwo");
  EXPECT_EQ(file.create(path, false), EEXIST);
  close(innocent);
  std::filesystem::remove_all(directory);
}

// A small record is encoded in place, a larger one is copied.
TEST(RecordStream, WritesRecordsWithSizesAroundOneByte) {
  TemporarySegmentStore temporary;
  const auto stream = std::make_unique<RecordStream>();
  ASSERT_TRUE(stream->begin(*temporary.segments, 0));
  constexpr uint32_t kLongest = 300;
  for (uint32_t i = 0; i <= kLongest; ++i) {
    ASSERT_TRUE(stream->write(StringRecord{StringId{i + 1}, std::string(i, static_cast<char>('a' + i % 26))}));
  }
  ASSERT_TRUE(stream->flush());
  const auto records = temporary.records();
  ASSERT_EQ(records.size(), kLongest + 1);
  for (uint32_t i = 0; i <= kLongest; ++i) {
    const auto record = TemporarySegmentStore::parse<StringRecord>(records[i].second);
    EXPECT_EQ(raw(record.id), i + 1);
    EXPECT_EQ(record.text, std::string(i, static_cast<char>('a' + i % 26)));
  }
}

TEST(RecordStream, KeepsRecordsWholeAcrossSegments) {
  TemporarySegmentStore temporary;
  auto stream = std::make_unique<RecordStream>();
  ASSERT_TRUE(stream->begin(*temporary.segments, 0));
  constexpr uint32_t kCount = 20'000;
  for (uint32_t i = 1; i <= kCount; ++i) {
    ASSERT_TRUE(stream->write(StringRecord{StringId{i}, "string number " + std::to_string(i)}));
  }
  ASSERT_TRUE(stream->write(StringRecord{StringId{kCount + 1}, std::string(kMaxTextBytes, 'x')}));
  ASSERT_TRUE(stream->flush());
  const auto records = temporary.records();
  ASSERT_EQ(records.size(), kCount + 1);
  for (uint32_t i = 0; i < kCount; ++i) {
    const auto record = TemporarySegmentStore::parse<StringRecord>(records[i].second);
    EXPECT_EQ(raw(record.id), i + 1);
    EXPECT_EQ(record.text, "string number " + std::to_string(i + 1));
  }
}

}  // namespace
}  // namespace cistern::preload
