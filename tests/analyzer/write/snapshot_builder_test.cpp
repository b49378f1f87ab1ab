// Snapshots: every report has the same figures with a snapshot as with the events that it replaces.
#include "analyzer/write/snapshot_builder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "analyzer/leaks/leak_search.h"
#include "analyzer/model/image_run.h"
#include "analyzer/pools/pool_figures.h"
#include "analyzer/pools/pool_search.h"
#include "analyzer/read/failure.h"
#include "analyzer/write/finalize_packed.h"
#include "analyzer/write/snapshot_file.h"
#include "tests/builders/busy_program.h"
#include "tests/builders/heap_text.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

void save(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}
std::string load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::string text_of(const LeakFindings& findings) {
  std::string text = fmt::format("live {} leaked {}\n", text_of(findings.live), text_of(findings.leaked));
  for (const LeakGroup& group : findings.groups) {
    text += fmt::format("{} {} {} {} {} {} fit {} births", findings.tree.frame(group.stack).line,
                        static_cast<unsigned>(group.domain), text_of(group.amount), group.first_birth_ns,
                        group.last_birth_ns, text_of(group.collectable), group.growth.fit);
    for (const uint64_t births : group.growth.births) text += fmt::format(" {}", births);
    text +=
        fmt::format(" {} {} {}\n", name_of(group.growth.growth), group.growth.windows, group.growth.blocks_per_mark);
  }
  return text;
}

std::string text_of(const PoolFindings& findings) {
  const PoolFigures figures = figures_of(findings.image_pools);
  const ImagePools& image = findings.image_pools.front();
  std::string text =
      fmt::format("arenas {} {} requested {} rounding {} free {} {} {} overhead {} pools {} {} used {}\n",
                  figures.arenas, figures.arena_bytes, figures.requested_bytes, figures.rounding_bytes,
                  figures.free_block_bytes, figures.free_pool_bytes, figures.empty_arena_bytes, figures.overhead_bytes,
                  figures.pools_in_use, figures.free_pools, figures.used_blocks);
  for (const ClassFigures& size_class : figures.classes) {
    text += fmt::format("{}/{}/{} ", size_class.pools, size_class.used, size_class.free);
  }
  text += fmt::format("\nworst {} {} peak {}\n", image.worst_ns, image.worst_bytes, image.peak_arena_bytes);
  for (const ImagePools::Point& point : image.curve) {
    text += fmt::format("{}:{}:{} ", point.time_ns, point.arena_bytes, point.used_bytes);
  }
  return text;
}

// The figures behind the reports, at the end state and at the end.
std::string report_text(const Profile& profile) {
  std::string text;
  const Image& image = profile.images.front();
  ImageRun run(image, nullptr);
  run.to(run.end_state().time);
  run.model().settle_peak();
  text += text_of(run.model());
  const ImageFacts facts = run.finish();
  run.model().settle_peak();
  text += text_of(run.model());
  text += fmt::format("events {} end {} {} peak {} {} duration {} complete {}\n", facts.events, text_of(facts.end),
                      facts.end_ns, text_of(facts.peak), facts.peak_ns, facts.duration_ns, facts.complete());
  std::vector<Profile> profiles;
  profiles.push_back(open_profile(profile.path));
  for (const MomentKind at : {MomentKind::kEnd, MomentKind::kExit}) {
    Moment moment;
    moment.kind = at;
    text += text_of(find_leaks(profiles, {{}, moment, {}}, nullptr));
    text += text_of(find_pools(profiles, {moment, GroupBy::kStack, GroupBy::kLine}, nullptr));
  }
  return text;
}
std::string report_text(const std::string& path) {
  return report_text(open_profile(path));
}

// The first difference; empty when there is none.
std::string difference(const std::string& found, const std::string& expected) {
  std::istringstream left(found), right(expected);
  std::string a, b;
  while (true) {
    const bool more_left = static_cast<bool>(std::getline(left, a));
    const bool more_right = static_cast<bool>(std::getline(right, b));
    if (!more_left && !more_right) return {};
    if (a != b || more_left != more_right) return a.substr(0, 300) + " instead of " + b.substr(0, 300);
  }
}

class SnapshotProfile : public testing::Test {
 protected:
  // Replaces the events before `until` by a snapshot.
  void snapshot_until(uint64_t until) {
    const std::string packed = directory_.file("x.packed");
    {
      const Image image = read_image({path_, {}, {}});
      ASSERT_TRUE(can_be_snapshot(image));
      write_snapshot_file(image, until, packed);
    }
    fs::rename(packed, path_);
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_.file("x.cistern");
};

TEST_F(SnapshotProfile, GivesTheSameReportsAsTheEvents) {
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    BusyProgram program(seed);
    program.play(8000).write(path_);
    const std::string whole = report_text(path_);
    const auto size = fs::file_size(path_);
    snapshot_until(end_state_of(open_profile(path_).images.front()).time);
    EXPECT_LT(fs::file_size(path_), size);
    EXPECT_GT(open_profile(path_).images.front().snapshot->heap().events, 6000u);
    EXPECT_EQ(difference(report_text(path_), whole), "") << "seed " << seed;
  }
}

// Each snapshot is made from the previous one and later events.
TEST_F(SnapshotProfile, GivesTheSameReportsAfterRepeatedSnapshots) {
  for (uint32_t seed = 11; seed <= 18; ++seed) {
    std::mt19937 random(seed);
    BusyProgram program(seed);
    program.play(4000).write(path_);
    const std::string whole = report_text(path_);
    const uint64_t end = end_state_of(open_profile(path_).images.front()).time;
    uint64_t until = kStart;
    for (int i = 0; i < 12; ++i) {
      until += random() % ((end - until) / 2);
      snapshot_until(until);
      ASSERT_EQ(difference(report_text(path_), whole), "")
          << "seed " << seed << ", cut " << i << " at " << until - kStart;
    }
    EXPECT_EQ(open_profile(path_).images.front().snapshot->number(), 11u);
  }
}

// While a program runs, each thread has published part of its segment. The snapshot has exactly that part, whatever the
// times of the events.
TEST_F(SnapshotProfile, CountsEachEventOnceWhenSegmentsAreUnsealed) {
  for (uint32_t seed = 21; seed <= 28; ++seed) {
    BusyProgram program(seed);
    Recording& recording = program.play(3000);
    const std::string window_path = directory_.file("x.window");
    WindowBuilder window([&] {
      ProfileHeader header = recording.header;
      header.role = FileRole::kWindow;
      header.checksum = checksum_of(header);
      return header;
    }());
    for (const SegmentBuilder& segment : recording.open()) window.slot(SlotState::kOwned, segment);
    save(window_path, window.finish());
    ProfileBuilder sealed(recording.header);
    for (const SegmentBuilder& segment : recording.sealed()) sealed.segment(segment);
    save(path_, sealed.file);
    const std::string packed = directory_.file("x.packed");
    {
      const Image image = read_image({path_, window_path, {}});
      write_snapshot_file(image, kStart + (program.end_time() - kStart) / 2, packed);
    }
    const std::string seen = load(packed);
    recording.write(path_);
    const std::string whole = report_text(path_);

    const Image image = read_image({path_, {}, packed});
    EXPECT_EQ(image.damage.lost_segments, 0u);
    ImageRun run(image, nullptr);
    Profile plain = open_profile(path_);
    ImageRun expected(plain.images.front(), nullptr);
    EXPECT_EQ(run.finish().events, expected.finish().events);
    run.model().settle_peak();
    expected.model().settle_peak();
    EXPECT_EQ(difference(text_of(run.model()), text_of(expected.model())), "") << "seed " << seed;
    const auto again = finalize_as_snapshot(path_, {}, packed, std::nullopt);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->events, expected.finish().events);
    EXPECT_EQ(difference(report_text(path_), whole), "") << "seed " << seed;
    EXPECT_FALSE(fs::exists(packed));
  }
}

std::string_view text_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The bytes of a segment that were written at `time`.
size_t written_by(const FoundSegment& segment, uint64_t time) {
  const uint8_t* const begin = segment.payload.data();
  const uint8_t* const end = begin + segment.payload.size();
  if (segment.header.kind == SegmentKind::kEvents) {
    EventDecoder decoder(begin, end, segment.header.first_time);
    for (Event event; decoder.next(event);) {
      if (event.end_time > time) return decoder.offset();
    }
    return segment.payload.size();
  }
  Cursor in(begin, end);
  for (RawRecord raw; next_record(in, raw);) {
    Cursor fields(raw.payload);
    const bool moment = raw.type == RecordType::kPhase || raw.type == RecordType::kMark || raw.type == RecordType::kEnd;
    if (moment && fields.varint() > time) return raw.offset;
  }
  return segment.payload.size();
}

// Saves the profile and the window as they were at `time`: full segments in the profile, the others in the window.
void save_as_of(uint64_t time, const Image& whole, const std::string& profile, const std::string& window) {
  ProfileBuilder sealed(whole.header);
  ProfileHeader header = whole.header;
  header.role = FileRole::kWindow;
  header.checksum = checksum_of(header);
  WindowBuilder owned(header);
  for (const FoundSegment& segment : whole.segments) {
    const size_t written = written_by(segment, time);
    if (written == 0) continue;
    SegmentBuilder part(StreamId{segment.header.stream_id}, segment.header.tid, segment.header.sequence,
                        segment.header.first_time);
    part.header = segment.header;
    part.header.last_time = part.header.event_count = 0;
    part.bytes(text_of(segment.payload.first(written)));
    if (written < segment.payload.size()) {
      owned.slot(SlotState::kOwned, part);
    } else {
      std::string bytes(reinterpret_cast<const char*>(&segment.header), sizeof segment.header);
      sealed.bytes(bytes += text_of(segment.payload));
    }
  }
  save(profile, sealed.file);
  save(window, owned.finish());
}

// Takes snapshots while the program runs, each from the previous one and the published events.
TEST_F(SnapshotProfile, GivesTheSameReportsWhenTakenWhileTheProgramRuns) {
  for (uint32_t seed = 71; seed <= 78; ++seed) {
    std::mt19937 random(seed);
    BusyProgram program(seed);
    const std::string whole_path = directory_.file("whole.cistern");
    program.play(4000).write(whole_path);
    const std::string whole = report_text(whole_path);
    const std::string packed = directory_.file("x.packed");
    const std::string window = directory_.file("x.window");
    uint64_t now = kStart;
    {
      const Image image = read_image({whole_path, {}, {}});
      for (int i = 0; i < 10; ++i) {
        now += 1 + random() % ((program.end_time() - kStart) / 10);
        save_as_of(now, image, path_, window);
        const Image seen = read_image({path_, window, packed});
        ASSERT_TRUE(can_be_snapshot(seen)) << "seed " << seed << ", snapshot " << i;
        const uint64_t until = std::min(now - random() % 500, end_state_of(seen).time);
        if (until > seen.begin_time()) write_snapshot_file(seen, until, packed);
      }
    }
    fs::rename(whole_path, path_);
    fs::remove(window);
    ASSERT_TRUE(finalize_as_snapshot(path_, {}, packed, std::nullopt));
    EXPECT_GT(open_profile(path_).images.front().snapshot->number(), 6u);
    EXPECT_EQ(difference(report_text(path_), whole), "") << "seed " << seed;
  }
}

TEST_F(SnapshotProfile, CountsAnEventThatIsPublishedLateAtTheTimeOfTheSnapshot) {
  Recording recording;
  recording.alloc(1, kStart + 10, 0x1000, 100);
  recording.alloc(2, kStart + 1000, 0x2000, 50);
  recording.seal(2);
  WindowBuilder window([&] {
    ProfileHeader header = recording.header;
    header.role = FileRole::kWindow;
    header.checksum = checksum_of(header);
    return header;
  }());
  for (const SegmentBuilder& segment : recording.open()) window.slot(SlotState::kOwned, segment);
  const std::string window_path = directory_.file("x.window");
  save(window_path, window.finish());
  ProfileBuilder sealed(recording.header);
  for (const SegmentBuilder& segment : recording.sealed()) sealed.segment(segment);
  save(path_, sealed.file);
  const std::string packed = directory_.file("x.packed");
  write_snapshot_file(read_image({path_, window_path, {}}), kStart + 2000, packed);
  recording.free(1, kStart + 20, 0x1000);
  recording.alloc(1, kStart + 30, 0x1000, 7);
  recording.write(path_);
  const Image image = read_image({path_, {}, packed});
  ImageRun run(image, nullptr);
  EXPECT_EQ(run.finish().events, 4u);
  std::map<uint64_t, Block> live;
  run.model().for_each_live([&](uint64_t address, const Block& block) { live[address] = block; });
  ASSERT_EQ(live.size(), 2u);
  EXPECT_EQ(live.at(0x1000).size_bytes, 7u);
  EXPECT_EQ(live.at(0x1000).birth, kStart + 2000);
}

TEST_F(SnapshotProfile, RefusesMomentsBeforeTheSnapshot) {
  BusyProgram program(31);
  program.play(4000).write(path_);
  snapshot_until(end_state_of(open_profile(path_).images.front()).time);
  std::vector<Profile> profiles;
  profiles.push_back(open_profile(path_));
  for (const char* at : {"round:2", "0.000001s"}) {
    try {
      find_leaks(profiles, {{}, parse_moment(at), {}}, nullptr);
      ADD_FAILURE() << at;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), ExitCode::kUnreadable);
      EXPECT_NE(std::string(failure.what()).find("not in this profile"), std::string::npos) << failure.what();
    }
  }
}

// Threads work on after the main module: snapshots do not wait for them.
TEST_F(SnapshotProfile, AfterTheMainModuleHasReturnedEndsAtTheLastEvent) {
  Recording recording;
  recording.phase(kStart, Phase::kRunning);
  recording.alloc(1, kStart + 10, 0x1000, 100);
  recording.phase(kStart + 20, Phase::kRootLeft);
  recording.alloc(2, kStart + 1000, 0x2000, 50);
  recording.alloc(2, kStart + 2000, 0x3000, 70);
  recording.write(path_);
  EXPECT_EQ(end_state_of(open_profile(path_).images.front()).time, kStart + 20);
  snapshot_until(kStart + 20);
  EXPECT_EQ(end_state_of(open_profile(path_).images.front()).time, kStart + 20);
  snapshot_until(kStart + 1500);
  const Profile profile = open_profile(path_);
  const EndState end = end_state_of(profile.images.front());
  EXPECT_EQ(end.kind, EndStateKind::kStreamEnd);
  EXPECT_EQ(end.time, UINT64_MAX);
  ImageRun run(profile.images.front(), nullptr);
  const ImageFacts facts = run.finish();
  EXPECT_EQ(facts.end_kind, EndStateKind::kStreamEnd);
  EXPECT_EQ(facts.end, (Amount{220, 3}));
}

TEST_F(SnapshotProfile, IsRefusedForADamagedProfile) {
  BusyProgram program(41);
  std::string bytes = program.play(4000).bytes();
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  save(path_, bytes);
  EXPECT_FALSE(can_be_snapshot(read_image({path_, {}, {}})));
  EXPECT_FALSE(finalize_as_snapshot(path_, {}, directory_.file("x.packed"), std::nullopt));
  EXPECT_EQ(load(path_), bytes);
}

TEST_F(SnapshotProfile, IsReportedAsDamagedWhenASegmentOfItIsDamaged) {
  BusyProgram program(51);
  program.play(4000).write(path_);
  snapshot_until(end_state_of(open_profile(path_).images.front()).time);
  std::string bytes = load(path_);
  for (size_t at = bytes.find("CSEG"); at != std::string::npos; at = bytes.find("CSEG", at + 1)) {
    SegmentHeader header;
    std::memcpy(&header, bytes.data() + at, sizeof header);
    if (header.kind == SegmentKind::kSnapshot) bytes[at + sizeof header] ^= 1;
  }
  save(path_, bytes);
  const Image image = read_image({path_, {}, {}});
  EXPECT_EQ(image.snapshot, nullptr);
  EXPECT_GT(image.damage.unreadable_bytes + image.damage.lost_segments, 0u);
}

// Random bytes are changed; checksums are correct.
TEST_F(SnapshotProfile, IsRefusedWhenItsContentIsInvalid) {
  BusyProgram program(61);
  program.play(1500).write(path_);
  snapshot_until(end_state_of(open_profile(path_).images.front()).time);
  const std::string good = load(path_);
  std::mt19937 random(7);
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    std::string bytes = good;
    for (size_t at = bytes.find("CSEG"); at != std::string::npos; at = bytes.find("CSEG", at + 1)) {
      SegmentHeader header;
      std::memcpy(&header, bytes.data() + at, sizeof header);
      if (header.kind != SegmentKind::kSnapshot) continue;
      std::vector<uint8_t> content;
      const std::span<const uint8_t> payload(reinterpret_cast<const uint8_t*>(bytes.data()) + at + sizeof header,
                                             header.payload_bytes);
      ASSERT_TRUE(SegmentUnpacker().unpack(header, payload, content));
      for (int i = 0; i < 3; ++i) content[random() % content.size()] = static_cast<uint8_t>(random());
      SegmentHeader plain = header;
      plain.codec = Codec::kPlain;
      plain.payload_bytes = plain.content_bytes = static_cast<uint32_t>(content.size());
      plain.checksum = checksum_of(plain, content.data());
      std::string segment(reinterpret_cast<const char*>(&plain), sizeof plain);
      segment.append(content.begin(), content.end());
      segment.resize(place_bytes(plain));
      bytes.replace(at, place_bytes(header), segment);
    }
    save(path_, bytes);
    const Profile profile = open_profile(path_);
    const Image& image = profile.images.front();
    refused += image.snapshot == nullptr;
    EXPECT_TRUE(image.snapshot != nullptr || image.damage.unreadable_bytes != 0);
    EXPECT_FALSE(report_text(profile).empty());
  }
  EXPECT_GT(refused, 50);
}

}  // namespace
}  // namespace cistern::analyzer
