#include "preload/recorder/image_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace cistern::preload {
namespace {

ImageIdentity image() {
  ImageIdentity identity{};
  identity.pid = 4711;
  identity.start_ticks = 99;
  identity.start_unix_ns = 1'700'000'000'123'456'789;
  identity.number = 2;
  return identity;
}

std::string expanded(std::string_view output) {
  PathText path;
  expand_output(output, image(), path);
  return std::string(path.view());
}

TEST(ImageFiles, ReplaceThePlaceholdersOfTheTemplate) {
  EXPECT_EQ(expanded("/tmp/a.%p.%t.%%.cistern"), "/tmp/a.4711.1700000000.%.cistern");
  EXPECT_EQ(expanded("/tmp/%x%"), "/tmp/%x%");
  char host[256];
  gethostname(host, sizeof host);
  EXPECT_EQ(expanded("/tmp/%h"), std::string("/tmp/") + host);
}

TEST(ImageFiles, HaveAnAbsolutePathAndADefaultName) {
  char directory[4096];
  ASSERT_NE(getcwd(directory, sizeof directory), nullptr);
  EXPECT_EQ(expanded("x.cistern"), std::string(directory) + "/x.cistern");
  EXPECT_EQ(expanded(""), std::string(directory) + "/cistern.preload_test.4711.cistern");
  EXPECT_EQ(expanded("/var/tmp/"), "/var/tmp/cistern.preload_test.4711.cistern");
}

TEST(ImageFiles, LieInADirectoryBesideTheFirstProfile) {
  PathText first, path;
  first.add("/tmp/a.cistern");
  image_path(first, image(), ".window", path);
  EXPECT_EQ(path.view(), "/tmp/a.cistern.d/4711-99-2.window");
}

}  // namespace
}  // namespace cistern::preload
