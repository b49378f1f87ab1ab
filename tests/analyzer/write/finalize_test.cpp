#include "analyzer/write/finalize.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>

#include "analyzer/read/failure.h"
#include "analyzer/read/image.h"
#include "tests/builders/hand_made_profile.h"
#include "tests/builders/temporary_directory.h"

namespace cistern::analyzer {
namespace {

namespace made = cistern::hand_made;

constexpr uint32_t kPid = 4711;
constexpr uint64_t kStartTicks = 99;
constexpr WaitStatus kKilled = SIGKILL;      // as waitpid has it: the signal in the low bits,
constexpr WaitStatus kExitedWith3 = 3 << 8;  // the exit status above them

class Finalize : public testing::Test {
 protected:
  void save_profile(const std::vector<made::Piece>& pieces) {
    made::save(profile_, made::profile_file(made::header_of(FileRole::kProfile, kPid, kStartTicks), pieces));
  }
  void save_window(const std::vector<made::Piece>& pieces, const WindowControl& control = {}) {
    const ProfileHeader header = made::header_of(FileRole::kWindow, kPid, kStartTicks);
    window_ = made::window_path(profile_, header.image);
    made::save(window_, made::window_file(header, pieces, control));
  }
  // The profile alone, without a window.
  Image read_back() const { return read_image({profile_, {}, {}}); }

  static uint64_t events_of(const Image& image) {
    uint64_t sum = 0;
    for (const StreamSegments& stream : image.streams) {
      for (const FoundSegment& segment : stream.segments) sum += segment.header.event_count;
    }
    return sum;
  }

  TemporaryDirectory directory_;
  std::string profile_ = directory_.file("x.cistern");
  std::string window_;
};

TEST_F(Finalize, AppendsTheWindowsSegmentsAndRemovesTheWindow) {
  save_profile({made::sealed_events(1, 0, kPid, 5)});
  save_window({made::events(1, 1, kPid, 7), made::events(2, 0, kPid, 11)});
  const FinalizedProfile finalized = finalize(profile_, window_, std::nullopt);
  EXPECT_EQ(finalized.events, 5u + 7u + 11u);
  EXPECT_EQ(finalized.size_bytes, std::filesystem::file_size(profile_));
  EXPECT_FALSE(std::filesystem::exists(window_));
  const Image image = read_back();
  ASSERT_EQ(image.streams.size(), 2u);
  EXPECT_EQ(image.streams[0].segments.size(), 2u);
  EXPECT_EQ(events_of(image), 5u + 7u + 11u);
  EXPECT_EQ(image.damage.unreadable_bytes, 0u);
  EXPECT_EQ(image.damage.hole_bytes, 0u);
}

TEST_F(Finalize, SealsSegmentsWithTheTimeOfTheirLastEvent) {
  save_profile({});
  const made::Piece piece = made::events(1, 0, kPid, 4);
  save_window({piece});
  finalize(profile_, window_, std::nullopt);
  const Image image = read_back();
  ASSERT_EQ(image.streams.size(), 1u);
  EXPECT_EQ(image.streams[0].segments[0].header.last_time, piece.header.first_time + 10 * 4);
}

TEST_F(Finalize, DoesNotRepeatASegmentThatTheFileHas) {
  const made::Piece both = made::sealed_events(1, 0, kPid, 5);
  save_profile({both});
  save_window({both});
  EXPECT_EQ(finalize(profile_, window_, std::nullopt).events, 5u);
  const Image image = read_back();
  ASSERT_EQ(image.streams.size(), 1u);
  EXPECT_EQ(image.streams[0].segments.size(), 1u);
}

TEST_F(Finalize, WritesTheLongestCopyFromADamagedWindow) {
  save_profile({});
  save_window({made::events(1, 0, kPid, 5), made::events(1, 0, kPid, 5), made::events(1, 0, kPid, 9)});
  EXPECT_EQ(finalize(profile_, window_, std::nullopt).events, 9u);
  EXPECT_EQ(std::filesystem::exists(window_), false);
}

TEST_F(Finalize, OverwritesASegmentThatAKillTruncated) {
  const made::Piece truncated = made::sealed_events(1, 0, kPid, 50);
  const made::Piece behind = made::sealed_events(2, 0, kPid, 3);
  std::string file = made::profile_file(made::header_of(FileRole::kProfile, kPid, kStartTicks), {truncated, behind});
  const uint64_t at = kProfileHeaderBytes + sizeof(SegmentHeader) + 40;
  file.replace(at, truncated.payload.size() - 40, truncated.payload.size() - 40, '\0');
  made::save(profile_, file);
  save_window({truncated});
  EXPECT_EQ(finalize(profile_, window_, std::nullopt).events, 53u);
  const Image image = read_back();
  EXPECT_EQ(events_of(image), 53u);
  EXPECT_EQ(image.damage.unreadable_bytes, 0u);
}

TEST_F(Finalize, OverwritesASegmentThatTheFileEndTruncates) {
  const made::Piece truncated = made::sealed_events(1, 0, kPid, 50);
  std::string file = made::profile_file(made::header_of(FileRole::kProfile, kPid, kStartTicks), {truncated});
  file.resize(file.size() - 70);
  made::save(profile_, file);
  save_window({truncated});
  finalize(profile_, window_, std::nullopt);
  const Image image = read_back();
  EXPECT_EQ(events_of(image), 50u);
  EXPECT_EQ(image.damage.unreadable_bytes, 0u);
}

TEST_F(Finalize, FillsGapsThatKilledThreadsReserved) {
  const made::Piece first = made::sealed_events(1, 0, kPid, 20);
  const made::Piece second = made::sealed_events(2, 0, kPid, 33);
  const made::Piece behind = made::sealed_events(3, 0, kPid, 4);
  std::string file =
      made::profile_file(made::header_of(FileRole::kProfile, kPid, kStartTicks), {first, second, behind});
  const uint64_t reserved = made::aligned(first.bytes().size()) + made::aligned(second.bytes().size());
  file.replace(kProfileHeaderBytes, reserved, reserved, '\0');
  made::save(profile_, file);
  save_window({second, first});
  EXPECT_EQ(finalize(profile_, window_, std::nullopt).events, 57u);
  const Image image = read_back();
  EXPECT_EQ(events_of(image), 57u);
  EXPECT_EQ(image.damage.hole_bytes, 0u);
  EXPECT_EQ(image.damage.unreadable_bytes, 0u);
}

TEST_F(Finalize, RecordsTheWindowsCountersAsLosses) {
  WindowControl control{};
  control.counters[static_cast<size_t>(Counter::kLostEvents)] = 17;
  control.counters[static_cast<size_t>(Counter::kReinstalls)] = 3;
  save_profile({});
  save_window({made::events(1, 0, kPid, 1)}, control);
  EXPECT_EQ(finalize(profile_, window_, std::nullopt).lost_events, 17u);
  const Image image = read_back();
  EXPECT_EQ(image.process_events.counter(Counter::kLostEvents), 17u);
  EXPECT_EQ(image.process_events.counter(Counter::kReinstalls), 3u);
}

TEST_F(Finalize, RecordsTheSignalThatEndedTheProcess) {
  save_profile({});
  save_window({made::events(1, 0, kPid, 1)});
  finalize(profile_, window_, kKilled);
  const Image image = read_back();
  EXPECT_TRUE(image.process_events.end_known);
  EXPECT_EQ(image.process_events.end.how, EndKind::kSignal);
  EXPECT_EQ(image.process_events.end.code, SIGKILL);
}

TEST_F(Finalize, AddsAnEmptyEndWhenTheStatusIsUnknown) {
  save_profile({});
  EXPECT_TRUE(read_back().damage.window_missing);
  save_window({made::events(1, 0, kPid, 1)});
  finalize(profile_, window_, std::nullopt);
  const Image image = read_back();
  EXPECT_FALSE(image.damage.window_missing);
  EXPECT_EQ(image.process_events.end.how, EndKind::kUnknown);
}

TEST_F(Finalize, AddsAnEmptyEndForAWindowThatWasNeverStarted) {
  save_profile({});
  window_ = made::window_path(profile_, made::header_of(FileRole::kWindow, kPid, kStartTicks).image);
  made::save(window_, std::string(65536, '\0'));
  EXPECT_EQ(finalize(profile_, window_, std::nullopt).events, 0u);
  EXPECT_FALSE(std::filesystem::exists(window_));
  EXPECT_FALSE(read_back().damage.window_missing);
}

TEST_F(Finalize, RecordsTheExitStatusWithoutAWindow) {
  EndRecord exit;
  exit.how = EndKind::kExit;
  exit.time = 5000;
  made::Piece records = made::records(0, kPid, framed(exit));
  made::seal(records, 0, 5000);
  save_profile({records});
  finalize(profile_, "", kExitedWith3);
  const Image image = read_back();
  EXPECT_EQ(image.process_events.end.how, EndKind::kExit);
  EXPECT_EQ(image.process_events.end.code, 3);
}

TEST_F(Finalize, AppendsItsRecordsBehindTheWindowsRecords) {
  EndRecord quick;
  quick.how = EndKind::kQuickExit;
  quick.code = 4;
  made::Piece first = made::records(0, kPid, framed(PhaseRecord{200, Phase::kRunning}));
  made::seal(first, 0, 200);
  save_profile({first});
  save_window({made::records(1, kPid, framed(quick))});
  finalize(profile_, window_, 4 << 8);
  const Image image = read_back();
  EXPECT_EQ(image.process_events.phases.size(), 1u);
  EXPECT_EQ(image.process_events.end.how, EndKind::kQuickExit);
  EXPECT_EQ(image.damage.lost_segments, 0u);
}

TEST_F(Finalize, CanBeRepeatedAfterAnInterruptionAnywhere) {
  const made::Piece first = made::sealed_events(1, 0, kPid, 5);
  const std::vector<made::Piece> left = {made::events(1, 1, kPid, 7), made::events(2, 0, kPid, 11)};
  save_profile({first});
  save_window(left);
  finalize(profile_, window_, kKilled);
  const std::string finalized = made::load(profile_);
  const uint64_t before = kProfileHeaderBytes + made::aligned(first.bytes().size());
  for (uint64_t size = before; size < finalized.size(); size += 7) {
    made::save(profile_, finalized.substr(0, size));
    save_window(left);
    finalize(profile_, window_, kKilled);
    const Image image = read_back();
    EXPECT_EQ(events_of(image), 23u) << "cut at " << size;
    EXPECT_EQ(image.damage.unreadable_bytes, 0u) << "cut at " << size;
    EXPECT_EQ(image.process_events.end.code, SIGKILL) << "cut at " << size;
  }
}

TEST_F(Finalize, CutsOffAMalformedEventAndAllBehindIt) {
  save_profile({});
  made::Piece piece = made::events(1, 0, kPid, 6);
  piece.payload.append(3, '\xff');
  save_window({piece});
  EXPECT_EQ(finalize(profile_, window_, std::nullopt).events, 6u);
  EXPECT_EQ(events_of(read_back()), 6u);
}

TEST_F(Finalize, RefusesTheWindowOfAnotherImage) {
  save_profile({});
  const ProfileHeader other = made::header_of(FileRole::kWindow, kPid + 1, kStartTicks);
  window_ = made::window_path(profile_, other.image);
  made::save(window_, made::window_file(other, {made::events(1, 0, kPid + 1, 2)}));
  EXPECT_THROW(finalize(profile_, window_, std::nullopt), Failure);
  EXPECT_TRUE(std::filesystem::exists(window_));
}

TEST(EndToAdd, AddsNothingAfterAnExec) {
  EndRecord exec;
  exec.how = EndKind::kExec;
  EXPECT_FALSE(end_to_add(exec, kKilled));
  EXPECT_FALSE(end_to_add(exec, kExitedWith3));
}

TEST(EndToAdd, AddsNothingToACompleteEnd) {
  EndRecord exit;
  exit.how = EndKind::kQuickExit;
  exit.code = 3;
  EXPECT_FALSE(end_to_add(exit, kExitedWith3));
}

TEST(EndToAdd, PrefersTheSignalToAnEarlierExit) {
  EndRecord exit;
  exit.how = EndKind::kExit;
  exit.code = 0;
  const auto end = end_to_add(exit, SIGABRT);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->how, EndKind::kSignal);
  EXPECT_EQ(end->code, SIGABRT);
}

TEST(EndToAdd, FillsInTheStatusOfAnUnknownEnd) {
  const auto end = end_to_add(std::nullopt, kExitedWith3);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->how, EndKind::kExit);
  EXPECT_EQ(end->code, 3);
}

}  // namespace
}  // namespace cistern::analyzer
