#include "analyzer/write/finalize_packed.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "analyzer/read/image.h"
#include "analyzer/read/profile.h"
#include "analyzer/write/packed_file.h"
#include "tests/builders/hand_made_profile.h"
#include "tests/builders/temporary_directory.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;
namespace made = cistern::hand_made;

constexpr uint32_t kPid = 4711;
constexpr uint64_t kStartTicks = 99;

class FinalizePacked : public testing::Test {
 protected:
  const ProfileHeader header_ = made::header_of(FileRole::kProfile, kPid, kStartTicks);

  void save(const std::vector<made::Piece>& in_profile, const std::vector<made::Piece>& in_window) {
    made::save(profile_, made::profile_file(header_, in_profile));
    window_ = made::window_path(profile_, header_.image);
    made::save(window_, made::window_file(made::header_of(FileRole::kWindow, kPid, kStartTicks), in_window, {}));
    packed_ = fs::path(window_).replace_extension(".packed").string();
  }
  // Reads all three files, as reports do.
  Image read() const {
    const auto there = [](const std::string& path) { return fs::exists(path) ? path : std::string(); };
    return read_image({profile_, there(window_), there(packed_)});
  }
  void expect_all(const Image& image) const {
    uint64_t events = 0;
    for (const StreamSegments& stream : image.streams) {
      for (const FoundSegment& segment : stream.segments) events += segment.header.event_count;
    }
    EXPECT_EQ(events, 5'000u + 3'000u + 70u);
    EXPECT_EQ(image.damage.unreadable_bytes + image.damage.hole_bytes + image.damage.lost_segments, 0u);
  }
  void punch_hole(const made::Piece& first) const {
    const int file = open(profile_.c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, kProfileHeaderBytes,
                        static_cast<off_t>(place_bytes(first.header))),
              0);
    close(file);
  }

  TemporaryDirectory directory_;
  std::string profile_ = directory_.file("x.cistern");
  std::string window_;
  std::string packed_;
  const made::Piece first_ = made::sealed_events(1, 0, kPid, 5'000);
  const made::Piece second_ = made::sealed_events(1, 1, kPid, 3'000);
  const made::Piece last_ = made::events(1, 2, kPid, 70);
};

TEST_F(FinalizePacked, MergesProfileAndWindowIntoOneSmallFile) {
  save({first_, second_}, {last_});
  const auto before = fs::file_size(profile_);
  const auto finalized = finalize_and_pack(profile_, window_, packed_, std::nullopt);
  ASSERT_TRUE(finalized.has_value());
  EXPECT_EQ(finalized->events, 8'070u);
  EXPECT_FALSE(fs::exists(window_));
  EXPECT_FALSE(fs::exists(packed_));
  EXPECT_LT(fs::file_size(profile_), before / 3);
  EXPECT_EQ(finalized->size_bytes, fs::file_size(profile_));
  expect_all(read());
}

TEST_F(FinalizePacked, UnpackingRestoresTheSameBytes) {
  save({first_, second_}, {last_});
  finalize(profile_, window_, std::nullopt);
  const std::string before = made::load(profile_);
  ASSERT_TRUE(finalize_and_pack(profile_, {}, packed_, std::nullopt));
  EXPECT_NE(made::load(profile_), before);
  ASSERT_TRUE(finalize_and_pack(profile_, {}, packed_, std::nullopt, true));
  EXPECT_EQ(made::load(profile_), before);
}

TEST_F(FinalizePacked, ReportsProgressForEachSegment) {
  struct Counter : Progress {
    void expect(uint64_t) override {}
    void advance(uint64_t bytes) override {
      done += bytes;
      ++times;
    }
    uint64_t done = 0;
    uint64_t times = 0;
  } progress;
  save({first_, second_}, {});
  ASSERT_TRUE(finalize_and_pack(profile_, window_, packed_, std::nullopt, false, &progress));
  EXPECT_EQ(progress.times, 2u);
  EXPECT_EQ(progress.done, place_bytes(first_.header) + place_bytes(second_.header));
}

// As after a kill of `cistern run`: some segments are packed and released from the profile.
TEST_F(FinalizePacked, ContinuesAnInterruptedPackedFile) {
  save({first_, second_}, {last_});
  {
    PackedFile packed(packed_, header_);
    packed.append({first_.header, {reinterpret_cast<const uint8_t*>(first_.payload.data()), first_.payload.size()}});
  }
  expect_all(read());
  punch_hole(first_);
  expect_all(read());
  ASSERT_TRUE(finalize_and_pack(profile_, window_, packed_, std::nullopt));
  EXPECT_FALSE(fs::exists(packed_));
  expect_all(read());
}

// As after a kill of the process in the middle of a write, when all earlier segments were packed and released.
TEST_F(FinalizePacked, TakesASegmentThatIsTruncatedBehindAHoleFromTheWindow) {
  made::Piece sealed = second_;
  sealed.state = SlotState::kSealed;
  save({first_, second_}, {sealed, last_});
  {
    PackedFile packed(packed_, header_);
    packed.append({first_.header, {reinterpret_cast<const uint8_t*>(first_.payload.data()), first_.payload.size()}});
  }
  punch_hole(first_);
  fs::resize_file(profile_, kProfileHeaderBytes + place_bytes(first_.header) + place_bytes(second_.header) / 2);
  ASSERT_TRUE(finalize_and_pack(profile_, window_, packed_, std::nullopt));
  EXPECT_FALSE(fs::exists(packed_));
  expect_all(read());
}

TEST_F(FinalizePacked, PacksATruncatedPackedSegmentAgain) {
  save({first_, second_}, {last_});
  {
    PackedFile packed(packed_, header_);
    for (const made::Piece* piece : {&first_, &second_}) {
      packed.append({piece->header, {reinterpret_cast<const uint8_t*>(piece->payload.data()), piece->payload.size()}});
    }
  }
  fs::resize_file(packed_, fs::file_size(packed_) - 100);
  expect_all(read());
  ASSERT_TRUE(finalize_and_pack(profile_, window_, packed_, std::nullopt));
  expect_all(read());
}

TEST_F(FinalizePacked, DoesNotChangeADamagedProfile) {
  save({first_, second_}, {last_});
  {
    std::fstream file(profile_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(kProfileHeaderBytes + 500);
    file << "rot";
  }
  const std::string before = made::load(profile_);
  EXPECT_FALSE(finalize_and_pack(profile_, window_, packed_, std::nullopt));
  EXPECT_EQ(made::load(profile_), before);
  EXPECT_TRUE(fs::exists(window_));
  EXPECT_FALSE(fs::exists(packed_));
}

TEST_F(FinalizePacked, ReadsAPackedFileWithoutAProfileAsAProfile) {
  save({}, {});
  const ProfileHeader child = made::header_of(FileRole::kProfile, kPid + 1, kStartTicks);
  const made::Piece piece = made::sealed_events(1, 0, kPid + 1, 5'000);
  {
    PackedFile packed((fs::path(packed_).parent_path() / (stem_of(child.image) + ".packed")).string(), child);
    packed.append({piece.header, {reinterpret_cast<const uint8_t*>(piece.payload.data()), piece.payload.size()}});
  }
  const Profile profile = open_profile(profile_);
  ASSERT_EQ(profile.images.size(), 2u);
  EXPECT_EQ(profile.images[1].header.image.pid, kPid + 1);
  ASSERT_EQ(profile.images[1].streams.size(), 1u);
  EXPECT_EQ(profile.images[1].streams[0].segments[0].header.event_count, 5'000u);
}

TEST_F(FinalizePacked, ReplacesThePackedFileOfAnotherImage) {
  save({first_, second_}, {last_});
  ProfileHeader other = header_;
  other.image.start_unix_ns += 1;
  other.checksum = checksum_of(other);
  {
    PackedFile packed(packed_, other);
    packed.append({first_.header, {reinterpret_cast<const uint8_t*>(first_.payload.data()), first_.payload.size()}});
  }
  ASSERT_TRUE(finalize_and_pack(profile_, window_, packed_, std::nullopt));
  expect_all(read());
}

}  // namespace
}  // namespace cistern::analyzer
