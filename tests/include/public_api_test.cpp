#include <cistern/cistern.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace {

TEST(PublicApi, EveryCallIsHarmlessWithoutTheRecorder) {
  errno = 77;
  cistern_mark("a moment");
  cistern_mark(nullptr);
  cistern_start();
  cistern_stop();
  EXPECT_EQ(cistern_flush(), 0);
  EXPECT_EQ(cistern_enabled(), 0);
  EXPECT_EQ(errno, 77);
}

}  // namespace
