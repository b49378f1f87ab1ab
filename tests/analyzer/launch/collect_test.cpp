#include "analyzer/launch/collect.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "analyzer/launch/preload_library.h"
#include "analyzer/live/image_list.h"
#include "analyzer/read/image.h"
#include "analyzer/read/image_liveness.h"
#include "tests/builders/hand_made_profile.h"
#include "tests/builders/temporary_directory.h"

namespace cistern::analyzer {
namespace {

namespace made = cistern::hand_made;

constexpr uint32_t kNobody = 4'194'304;  // above the greatest pid that Linux gives

class Collect : public testing::Test {
 protected:
  // A profile with `count` events, all in its window, which is in the directory of `folder`.
  ListedImage save(const std::string& path, const std::string& folder, uint32_t pid, uint64_t ticks, uint32_t number,
                   uint64_t count) {
    made::save(path, made::profile_file(made::header_of(FileRole::kProfile, pid, ticks, number), {}));
    const ProfileHeader header = made::header_of(FileRole::kWindow, pid, ticks, number);
    const std::string window = made::window_path(folder, header.image);
    made::save(window, made::window_file(header, {made::events(1, 0, pid, count)}));
    return {pid, number, path};
  }

  TemporaryDirectory directory_;
  std::string first_ = directory_.file("x.cistern");
};

TEST_F(Collect, FinalizesEveryImageAndRemovesTheEmptyDirectory) {
  const CollectedRun found = collect({save(first_, first_, kNobody, 1, 1, 5)}, {});
  EXPECT_EQ(found.profile, first_);
  EXPECT_EQ(found.events, 5u);
  EXPECT_EQ(found.images, 1u);
  EXPECT_TRUE(found.problems.empty());
  EXPECT_FALSE(std::filesystem::exists(first_ + ".d"));
}

TEST_F(Collect, KeepsADirectoryThatContainsOtherImages) {
  std::vector<ListedImage> images = {save(first_, first_, kNobody, 1, 1, 5)};
  const std::string second = first_ + ".d/" + std::to_string(kNobody) + "-1-2.cistern";
  images.push_back(save(second, first_, kNobody, 1, 2, 7));
  const CollectedRun found = collect(images, {});
  EXPECT_EQ(found.events, 12u);
  EXPECT_EQ(found.images, 2u);
  EXPECT_TRUE(std::filesystem::exists(second));
  for (const auto& file : std::filesystem::directory_iterator(first_ + ".d")) {
    EXPECT_NE(file.path().extension(), ".window");
  }
}

TEST_F(Collect, DoesNotTouchTheProfileOfARunningProcess) {
  const auto self = static_cast<uint32_t>(getpid());
  const CollectedRun found = collect({save(first_, first_, self, made::own_start_ticks(), 1, 5)}, {});
  EXPECT_EQ(found.running, 1u);
  EXPECT_EQ(found.events, 5u);  // so far
  EXPECT_TRUE(std::filesystem::exists(first_ + ".d"));
}

TEST_F(Collect, RecordsTheExitStatusInTheLastImageOfTheChild) {
  const std::string second = first_ + ".d/second.cistern";
  std::vector<ListedImage> images = {save(first_, first_, kNobody, 1, 1, 5)};
  images.push_back(save(second, first_, kNobody, 1, 2, 7));
  collect(images, {static_cast<pid_t>(kNobody), SIGSEGV});
  EXPECT_EQ(read_image({first_, {}, {}}).process_events.end.how, EndKind::kUnknown);
  EXPECT_EQ(read_image({second, {}, {}}).process_events.end.code, SIGSEGV);
}

TEST_F(Collect, ReportsAnImageThatCannotBeFinalizedAndContinues) {
  const ListedImage broken = save(first_, first_, kNobody, 1, 1, 5);
  const std::string other = directory_.file("y.cistern");
  const ListedImage good = save(other, other, kNobody, 2, 1, 3);
  std::string garbage = made::profile_file(made::header_of(FileRole::kProfile, kNobody, 1), {});
  garbage[8] = 9;  // a newer major version, and a wrong checksum with it
  ProfileHeader header{};
  std::memcpy(&header, garbage.data(), sizeof header);
  header.checksum = checksum_of(header);
  made::put_struct(garbage, 0, header);
  made::save(first_, garbage);
  const CollectedRun found = collect({broken, good}, {});
  ASSERT_EQ(found.problems.size(), 1u);
  EXPECT_NE(found.problems[0].find("newer"), std::string::npos);
  EXPECT_EQ(found.events, 3u);
}

TEST_F(Collect, CountsEventsAndKeepsTheWindowWhenTheDiskIsFull) {
  const ListedImage image = save(first_, first_, kNobody, 1, 1, 500);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit tight{std::filesystem::file_size(first_) + 64, before.rlim_max};
  const auto handler = signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &tight);
  const CollectedRun found = collect({image}, {});
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, handler);
  ASSERT_EQ(found.problems.size(), 1u);
  EXPECT_NE(found.problems[0].find("File too large; the last events stay in " + first_ + ".d/"), std::string::npos);
  EXPECT_EQ(found.events, 500u);
  EXPECT_EQ(collect({image}, {}).events, 500u) << "with enough space it can be finalized later";
  EXPECT_FALSE(std::filesystem::exists(first_ + ".d"));
}

TEST(ImageLine, ParsesAPathWithSpaces) {
  ListedImage image;
  ASSERT_TRUE(parse_image_line("77 12345 2 /a b/c.cistern", image));
  EXPECT_EQ(image.pid, 77u);
  EXPECT_EQ(image.number, 2u);
  EXPECT_EQ(image.profile, "/a b/c.cistern");
  for (const std::string line : {"", "77", "77 1 2", "77 1 2 ", "x 1 2 /a", "77 1 -2 /a", "99999999999 1 1 /a"}) {
    EXPECT_FALSE(parse_image_line(line, image)) << line;
  }
}

TEST(ImageList, ReadsWholeLinesOnlyAndRemovesItsFiles) {
  std::string path;
  {
    const ImageList list;
    path = list.path();
    std::ofstream(path) << "1 2 3 /a\nnonsense\n4 5 6 /b\n7 8 9 /cut";
    const std::vector<ListedImage> images = list.read();
    ASSERT_EQ(images.size(), 2u);
    EXPECT_EQ(images[1].profile, "/b");
  }
  EXPECT_FALSE(std::filesystem::exists(std::filesystem::path(path).parent_path()));
}

TEST(ProcessLiveness, DistinguishesProcessesThatHadTheSamePid) {
  const auto self = static_cast<uint32_t>(getpid());
  EXPECT_TRUE(process_lives(self, made::own_start_ticks()));
  EXPECT_FALSE(process_lives(self, made::own_start_ticks() + 1));
  EXPECT_FALSE(process_lives(kNobody, 1));
}

TEST(PreloadValue, PutsTheLibraryFirstAndKeepsInheritedEntries) {
  EXPECT_EQ(preload_value("/lib/ours.so", ""), "/lib/ours.so");
  EXPECT_EQ(preload_value("/lib/ours.so", "/a.so:b.so c.so"), "/lib/ours.so:/a.so:b.so c.so");
  EXPECT_ANY_THROW(preload_value("/my lib/ours.so", ""));
}

}  // namespace
}  // namespace cistern::analyzer
