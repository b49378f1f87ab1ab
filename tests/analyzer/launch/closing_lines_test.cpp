#include "analyzer/launch/closing_lines.h"

#include <gtest/gtest.h>

namespace cistern::analyzer {
namespace {

CollectedRun one_image() {
  CollectedRun collected;
  collected.profile = "/here/cistern.service.4711.cistern";
  collected.images = 1;
  collected.events = 41'230'000;
  collected.size_bytes = 31'200'000;
  return collected;
}

RunFacts facts() {
  RunFacts facts;
  facts.duration_ns = 12'400'000'000;
  facts.directory = "/here";
  facts.invoked = "cistern";
  return facts;
}

TEST(ClosingLines, SayWhatWasRecordedAndTheNextCommand) {
  EXPECT_EQ(closing_lines(one_image(), facts()),
            "cistern: 41.2 M events, 12.4 s, 0 lost → cistern.service.4711.cistern (31.2 MB)\n"
            "next: cistern leaks cistern.service.4711.cistern\n");
}

TEST(ClosingLines, CountProcessesAndThoseThatStillRun) {
  CollectedRun collected = one_image();
  collected.images = 3;
  collected.running = 1;
  EXPECT_EQ(closing_lines(collected, facts()).substr(0, 71),
            "cistern: 41.2 M events in 3 processes, 12.4 s, 0 lost, 1 still running ");
}

TEST(ClosingLines, SayWhyThereIsNoProfile) {
  EXPECT_EQ(closing_lines({}, facts()),
            "cistern: nothing was recorded: no process with Python reported to cistern run (if one ran, LD_PRELOAD was "
            "removed, as by env -i, or it may not write here: another user, a container; --follow all records programs "
            "without Python)\n");
  RunFacts all = facts();
  all.follow = Follow::kAll;
  EXPECT_EQ(
      closing_lines({}, all),
      "cistern: nothing was recorded: no process reported to cistern run (if one ran, LD_PRELOAD was removed, as by "
      "env -i, or it may not write here: another user, a container)\n");
}

TEST(ClosingLines, ListProblemsFirst) {
  CollectedRun collected = one_image();
  collected.problems = {"x.cistern: No space left on device"};
  EXPECT_EQ(closing_lines(collected, facts()).find("cistern: x.cistern: No space left on device\ncistern: 41.2 M"), 0u);
}

}  // namespace
}  // namespace cistern::analyzer
