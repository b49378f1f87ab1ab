#include "analyzer/read/profile.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "analyzer/model/image_facts.h"
#include "analyzer/model/replay.h"
#include "analyzer/read/failure.h"
#include "tests/builders/heap_text.h"
#include "tests/builders/recording.h"

namespace cistern::analyzer {
namespace {

void write_file(const std::string& path, const std::string& bytes) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string failure_of(const std::string& path) {
  try {
    open_profile(path);
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), ExitCode::kUnreadable);
    return failure.what();
  }
  return "opened";
}

Amount live_at_end(const Image& image) {
  Replay replay(image, nullptr);
  replay.run_until(UINT64_MAX);
  return replay.model().totals().live;
}

// Three segments of events of one thread, and records.
Recording three_segments() {
  Recording recording;
  recording.run_of("python3 app.py");
  recording.seal(0);
  for (uint64_t i = 0; i < 30; ++i) {
    recording.alloc(1, kStart + i, 0x1000 + 16 * i, 10);
    if (i % 10 == 9) recording.seal(1);
  }
  return recording;
}

// The offset of a segment.
size_t offset_of_segment(const std::string& file, int index) {
  size_t at = kProfileHeaderBytes - 1;
  const std::string magic("CSEG");
  for (int i = 0; i <= index; ++i) at = file.find(magic, at + 1);
  return at;
}

TEST(Profile, RefusesAFileThatIsNotAProfileWithOneLine) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("x.cistern");
  EXPECT_NE(failure_of(path).find("No such file"), std::string::npos);
  write_file(path, "");
  EXPECT_EQ(failure_of(path), "cannot read profile: " + path + ": is empty");
  write_file(path, "#!/bin/sh\necho no profile\n");
  EXPECT_EQ(failure_of(path), "cannot read profile: " + path + ": not a Cistern profile: wrong magic at byte 0");
  write_file(path, std::string(kProfileMagic, 8) + "short");
  EXPECT_EQ(failure_of(path), "cannot read profile: " + path + ": truncated: 13 bytes, less than a header");
  EXPECT_EQ(failure_of(directory.path()),
            "cannot read profile: " + directory.path() + ": is a directory, not a profile");
}

TEST(Profile, RefusesANewerMajorVersionAndNamesIt) {
  Recording recording;
  recording.header.major = kFormatMajor + 1;
  recording.header.minor = 0;
  const TemporaryDirectory directory;
  const std::string path = recording.write(directory.file("x.cistern"));
  EXPECT_EQ(failure_of(path), "cannot read profile: " + path +
                                  ": written by a newer cistern: format 3.0, this one reads 2.x (update cistern)");
}

TEST(Profile, ReadsANewerMinorVersion) {
  Recording recording = three_segments();
  recording.header.minor = 7;
  recording.header.header_bytes = 8192;
  const Profile profile = recording.read();
  EXPECT_EQ(live_at_end(profile.images.front()).blocks, 30u);
  EXPECT_EQ(profile.images.front().damage.unreadable_bytes, 0u);
}

TEST(Profile, ReadsOtherSegmentsAndCountsTheLossOfADamagedOne) {
  const TemporaryDirectory directory;
  std::string file = three_segments().bytes();
  const size_t second = offset_of_segment(file, 2);
  file[second + 90] ^= 1;
  write_file(directory.file("x.cistern"), file);
  const Profile profile = open_profile(directory.file("x.cistern"));
  const Image& image = profile.images.front();
  EXPECT_EQ(live_at_end(image).blocks, 20u);
  EXPECT_EQ(image.damage.lost_segments, 1u);
  EXPECT_EQ(image.damage.unreadable_at, second);
  EXPECT_EQ(image.damage.unreadable_reason, "bad checksum");
  EXPECT_GT(image.damage.unreadable_bytes, 80u);
  EXPECT_LE(image.damage.unreadable_bytes, offset_of_segment(file, 3) - second);
}

TEST(Profile, ReadsAProfileWithADamagedHeaderPage) {
  const TemporaryDirectory directory;
  std::string file = three_segments().bytes();
  file[40] ^= 1;
  write_file(directory.file("x.cistern"), file);
  const Profile profile = open_profile(directory.file("x.cistern"));
  EXPECT_EQ(live_at_end(profile.images.front()).blocks, 30u);
  EXPECT_EQ(profile.images.front().damage.unreadable_bytes, sizeof(ProfileHeader));
}

TEST(Profile, IgnoresSegmentsOfAnotherProcess) {
  Recording recording = three_segments();
  Recording other(4712);
  other.alloc(9, kStart, 0x99990, 1);
  ProfileBuilder builder(recording.header);
  recording.bytes();
  for (const SegmentBuilder& segment : recording.sealed()) builder.segment(segment);
  other.bytes();
  builder.segment(other.sealed().front());
  const TemporaryDirectory directory;
  write_file(directory.file("x.cistern"), builder.file);
  const Profile profile = open_profile(directory.file("x.cistern"));
  EXPECT_EQ(live_at_end(profile.images.front()).blocks, 30u);
  EXPECT_EQ(profile.images.front().damage.unreadable_reason, "of another process");
}

class KilledRecording : public testing::Test {
 protected:
  // The first segment of events is in the file, the second sealed in the window, the third still owned.
  void write(bool with_window, const std::string& between = {}) {
    Recording recording = three_segments();
    recording.bytes();
    const auto& all = recording.sealed();
    ProfileBuilder file(recording.header);
    file.segment(all[0]).segment(all[1]);
    if (!between.empty()) file.bytes(between);
    write_file(path(), file.file);
    if (!with_window) return;
    ProfileHeader header = recording.header;
    header.role = FileRole::kWindow;
    WindowBuilder window(header);
    window.slot(SlotState::kSealed, all[1]);  // the profile has it, too
    window.slot(SlotState::kFree, all[0]);
    window.slot(SlotState::kSealed, all[2]);
    SegmentBuilder open = all[3];
    open.bytes("\x01\xff\xff");  // the event that was being written
    window.slot(SlotState::kOwned, open);
    window.control.counters[0] = 5;
    write_file(window_path(), window.finish());
  }
  std::string path() const { return directory_.file("x.cistern"); }
  std::string window_path() const { return directory_.file("x.cistern.d/4711-12345-1.window"); }

  TemporaryDirectory directory_;
};

TEST_F(KilledRecording, HasTheSegmentsOfItsWindow) {
  write(true);
  const Profile profile = open_profile(path());
  ASSERT_EQ(profile.images.size(), 1u);
  const Image& image = profile.images.front();
  EXPECT_EQ(live_at_end(image), (Amount{300, 30}));
  EXPECT_EQ(image.damage.lost_segments, 0u);
  EXPECT_EQ(image.damage.unreadable_bytes, 3u);
  EXPECT_FALSE(image.damage.window_missing);
  EXPECT_EQ(image.process_events.counter(Counter::kLostEvents), 5u);
  EXPECT_EQ(image.streams.front().segments.back().header.event_count, 10u);
}

TEST_F(KilledRecording, ReportsAMissingWindow) {
  write(false);
  const Profile profile = open_profile(path());
  EXPECT_TRUE(profile.images.front().damage.window_missing);
  EXPECT_FALSE(facts_from_records(profile.images.front()).complete());
}

TEST_F(KilledRecording, IsEmptyAndUndamagedIfTheWindowHasNoHeaderYet) {
  for (const size_t window_bytes : {size_t{0}, sizeof(ProfileHeader), size_t{65536}}) {
    write_file(path(), ProfileBuilder(three_segments().header).file);
    write_file(window_path(), std::string(window_bytes, '\0'));
    const Profile profile = open_profile(path());
    const Image& image = profile.images.front();
    EXPECT_EQ(live_at_end(image).blocks, 0u);
    EXPECT_TRUE(image.has_window);
    EXPECT_FALSE(image.damage.window_missing);
    EXPECT_FALSE(image.damage.header);
    EXPECT_EQ(image.damage.unreadable_bytes, 0u);
    EXPECT_NE(failure_of(window_path()), "opened") << "a window alone that has nothing";
  }
}

TEST_F(KilledRecording, DoesNotCountAHoleWhoseSegmentIsInTheWindow) {
  write(true, std::string(256, '\0'));
  EXPECT_EQ(open_profile(path()).images.front().damage.hole_bytes, 0u);
}

TEST_F(KilledRecording, DoesNotCountAHalfWrittenSegmentThatIsInTheWindow) {
  Recording recording = three_segments();
  recording.bytes();
  write(true, recording.sealed()[2].sealed().substr(0, 100));
  const Profile profile = open_profile(path());
  EXPECT_EQ(live_at_end(profile.images.front()).blocks, 30u);
  EXPECT_EQ(profile.images.front().damage.unreadable_bytes, 3u);
}

TEST_F(KilledRecording, IsOpenedByThePathOfItsWindow) {
  write(true);
  const Profile profile = open_profile(window_path());
  EXPECT_EQ(live_at_end(profile.images.front()).blocks, 30u);
  std::filesystem::remove(path());
  EXPECT_EQ(live_at_end(open_profile(window_path()).images.front()).blocks,
            30u);  // the profile has the first segment, too
}

TEST(Profile, ReservedBytesBelongToTheirSegment) {
  const TemporaryDirectory directory;
  Recording recording = three_segments();
  recording.bytes();
  ProfileBuilder builder(recording.header);
  for (SegmentBuilder segment : recording.sealed()) {
    segment.header.room_bytes = 1000 * kSegmentAlignment - sizeof(SegmentHeader);
    const size_t begin = builder.file.size();
    builder.segment(segment);
    builder.file.resize(begin + 1000 * kSegmentAlignment);
  }
  write_file(directory.file("x.cistern"), builder.file);
  const Profile profile = open_profile(directory.file("x.cistern"));
  const Image& image = profile.images.front();
  EXPECT_EQ(live_at_end(image).blocks, 30u);
  EXPECT_EQ(image.damage.hole_bytes, 0u);
  EXPECT_EQ(image.damage.unreadable_bytes, 0u);
}

TEST(Profile, CountsAHoleWhoseSegmentIsNotInTheWindow) {
  const TemporaryDirectory directory;
  std::string file = three_segments().bytes();
  const size_t second = offset_of_segment(file, 2);
  const size_t third = offset_of_segment(file, 3);
  std::fill(file.begin() + static_cast<std::ptrdiff_t>(second), file.begin() + static_cast<std::ptrdiff_t>(third),
            '\0');
  write_file(directory.file("x.cistern"), file);
  const Profile profile = open_profile(directory.file("x.cistern"));
  const Image& image = profile.images.front();
  EXPECT_EQ(image.damage.hole_bytes, third - second);
  EXPECT_EQ(image.damage.lost_segments, 1u);
  EXPECT_EQ(live_at_end(image).blocks, 20u);
}

TEST(Profile, HasAllImagesOfTheProcessTreeInOrderOfStart) {
  const TemporaryDirectory directory;
  three_segments().write(directory.file("x.cistern"));
  std::filesystem::create_directories(directory.file("x.cistern.d"));
  for (const uint32_t pid : {4720u, 4716u}) {
    Recording child(pid);
    child.header.image.start_unix_ns += pid;
    child.header.parent = golden_header(FileRole::kProfile).image;
    child.alloc(1, kStart, 0x1000, pid);
    child.write(directory.file("x.cistern.d/" + stem_of(child.header.image) + ".cistern"));
  }
  write_file(directory.file("x.cistern.d/99-1-1.cistern"), "garbage");
  const Profile profile = open_profile(directory.file("x.cistern"));
  ASSERT_EQ(profile.images.size(), 3u);
  EXPECT_EQ(profile.images[0].header.image.pid, 4711u);
  EXPECT_EQ(profile.images[1].header.image.pid, 4716u);
  EXPECT_EQ(profile.images[2].header.image.pid, 4720u);
  EXPECT_TRUE(profile.images[1].is_forked());
  ASSERT_EQ(profile.notes.size(), 1u);
  EXPECT_NE(profile.notes[0].find("not a Cistern profile"), std::string::npos);
  EXPECT_EQ(open_profile(directory.file("x.cistern.d/4720-12345-1.cistern")).images.size(), 1u);
}

TEST(Profile, UndefinedAndCyclicStacksAreUnknown) {
  Recording recording;
  recording.record(StackNodeRecord{StackId{5}, StackId{5}, NodeKind::kPython, 1, 0});
  recording.record(StackNodeRecord{StackId{6}, StackId{4'000'000'000}, NodeKind::kPython, 1, 0});
  recording.record(StackNodeRecord{StackId{3'999'999'999}, StackId{6}, NodeKind::kPython, 1, 0});
  const Profile profile = recording.read();
  const Definitions& definitions = profile.images.front().definitions;
  EXPECT_EQ(raw(definitions.nodes.find(StackId{5})->parent), 0u);
  EXPECT_EQ(definitions.nodes.find(StackId{6})->kind, NodeKind::kUnknown);
  EXPECT_EQ(raw(definitions.nodes.find(StackId{3'999'999'999})->parent), 6u);
  EXPECT_EQ(definitions.nodes.find(StackId{7}), nullptr);
  EXPECT_EQ(profile.images.front().damage.malformed_records, 2u);
}

TEST(Profile, JoinsThePiecesOfALineTable) {
  Recording recording;
  const StringId text = recording.string("f");
  recording.record(CodeRecord{CodeId{1}, text, text, 10, LineTableKind::kLnotab, 6});
  recording.record(CodeRecord{CodeId{2}, text, text, 10, LineTableKind::kLnotab, 4});
  recording.record(LineTableRecord{CodeId{1}, 0, "ab"});
  recording.record(LineTableRecord{CodeId{2}, 0, "AB"});
  recording.record(LineTableRecord{CodeId{1}, 2, "cd"});
  recording.record(LineTableRecord{CodeId{2}, 2, "CD"});
  recording.record(LineTableRecord{CodeId{1}, 4, "ef"});
  recording.record(LineTableRecord{CodeId{1}, 9, "zz"});  // the piece before it was lost
  const Profile profile = recording.read();
  EXPECT_EQ(profile.images.front().definitions.codes.find(CodeId{1})->table, "abcdef");
  EXPECT_EQ(profile.images.front().definitions.codes.find(CodeId{2})->table, "ABCD");
}

TEST(Profile, KnowsHowItsImageEnded) {
  const auto ended = [](const std::vector<EndRecord>& records) {
    Recording recording;
    for (const EndRecord& record : records) recording.record(record);
    const Profile profile = recording.read();
    return facts_from_records(profile.images.front()).ended_by;
  };
  EXPECT_EQ(ended({{kStart, EndKind::kExit, 0}}), "exit");
  EXPECT_EQ(ended({{kStart, EndKind::kQuickExit, 3}}), "_exit");
  EXPECT_EQ(ended({{0, EndKind::kSignal, 9}}), "signal 9");
  EXPECT_EQ(ended({{kStart, EndKind::kExec, -1}}), "exec");
  EXPECT_EQ(ended({{kStart, EndKind::kExec, -1}, {kStart + 1, EndKind::kNone, -1}}), "unknown");
  EXPECT_EQ(ended({}), "unknown");
}

std::string heap_text(const Image& image) {
  Replay replay(image, nullptr);
  replay.run_until(UINT64_MAX);
  replay.model().settle_peak();
  return text_of(replay.model()) + fmt::format("{} events\n", replay.events());
}

TEST(GoldenProfiles, AreReadAsTheirTextsSay) {
  const std::string folder = CISTERN_GOLDEN "/";
  const Profile everything = open_profile(folder + "everything.cistern");
  EXPECT_EQ(everything.images.front().damage.unreadable_bytes, 0u);
  EXPECT_EQ(everything.images.front().damage.malformed_records, 0u);
  EXPECT_EQ(open_profile(folder + "later_minor.cistern").images.front().damage.unreadable_bytes, 0u);
  const Profile snapshot = open_profile(folder + "snapshot.cistern");
  ASSERT_NE(snapshot.images.front().snapshot, nullptr);
  EXPECT_EQ(snapshot.images.front().damage.unreadable_bytes + snapshot.images.front().damage.lost_segments, 0u);
  EXPECT_EQ(heap_text(snapshot.images.front()), heap_text(everything.images.front()));
  const Profile killed = open_profile(folder + "killed.cistern");
  EXPECT_TRUE(killed.images.front().has_window);
  EXPECT_EQ(killed.images.front().damage.lost_segments, 0u);
  const Profile damaged = open_profile(folder + "damaged.cistern");
  EXPECT_GT(damaged.images.front().damage.unreadable_bytes, 0u);
  EXPECT_EQ(damaged.images.front().damage.lost_segments, 1u);
  EXPECT_NE(failure_of(folder + "next_major.cistern").find("newer cistern"), std::string::npos);
}

}  // namespace
}  // namespace cistern::analyzer
