// The verdict of `check` for hand-made findings: limits, exclusions, suppressions and missing data.

#include "analyzer/check/verdict.h"

#include <gtest/gtest.h>

namespace cistern::analyzer {
namespace {

class VerdictTest : public testing::Test {
 protected:
  VerdictTest() {
    ImageFacts image;
    image.pid = 4711;
    image.implementation = "CPython";
    image.python_stacks = true;
    image.ended_by = "exit";
    image.exit_code = 0;
    image.peak = {5000, 50};
    findings_.images.push_back(image);
    first_ = node("first");
    second_ = node("second");
  }

  NodeId node(std::string_view function) {
    Frame frame;
    frame.kind = FrameKind::kPython;
    frame.function = function;
    frame.file = "/srv/app.py";
    return findings_.tree.child(kRootNode, findings_.tree.intern(frame));
  }
  void add(NodeId stack, Growth growth, uint64_t bytes, Domain domain = Domain::kObj) {
    LeakGroup group;
    group.stack = stack;
    group.domain = domain;
    group.amount = {bytes, 10};
    group.growth.growth = growth;
    findings_.groups.push_back(group);
  }
  Verdict verdict() { return judge(findings_, held_, limits_, suppressions_); }
  std::vector<LimitKind> broken() {
    std::vector<LimitKind> kinds;
    for (const LimitFailure& failure : verdict().failures) kinds.push_back(failure.kind);
    return kinds;
  }
  static SizeLimit limit(uint64_t bytes) { return {bytes, std::to_string(bytes)}; }

  LeakFindings findings_;
  std::vector<HeldMemory> held_;
  CheckLimits limits_;
  Suppressions suppressions_;
  NodeId first_{};
  NodeId second_{};
};

using Kinds = std::vector<LimitKind>;

TEST_F(VerdictTest, PassesWithoutGrowth) {
  add(first_, Growth::kNone, 1'000'000);
  add(first_, Growth::kOneOff, 1'000'000);
  add(second_, Growth::kRamp, 1'000'000);
  EXPECT_TRUE(verdict().passed());
  EXPECT_EQ(verdict().leaked.blocks, 0u);
}

TEST_F(VerdictTest, AnyLeakFailsWithoutALimit) {
  add(first_, Growth::kSteady, 1);
  EXPECT_EQ(broken(), Kinds{LimitKind::kLeak});
  findings_.groups[0].amount.bytes = 0;  // ten blocks of no bytes
  EXPECT_EQ(broken(), Kinds{LimitKind::kLeak});
}

TEST_F(VerdictTest, IgnoresLeaksWhenOnlyOtherLimitsAreGiven) {
  add(first_, Growth::kSteady, 1'000'000);
  limits_.max_peak = limit(5000);
  EXPECT_TRUE(verdict().passed());
}

TEST_F(VerdictTest, MaxLeakLimitsTheSumOfLeaksAndMayBeReached) {
  add(first_, Growth::kSteady, 600);
  add(second_, Growth::kMarked, 400);
  limits_.max_leak = limit(1000);
  EXPECT_TRUE(verdict().passed());
  limits_.max_leak = limit(999);
  const Verdict failed = verdict();
  ASSERT_EQ(failed.failures.size(), 1u);
  EXPECT_EQ(failed.failures[0].amount, (Amount{1000, 20}));
  EXPECT_EQ(failed.failures[0].limit.bytes, 999u);
  ASSERT_EQ(failed.failures[0].leaks.size(), 2u);
  EXPECT_EQ(failed.failures[0].leaks[0].greatest, &findings_.groups[0]);
}

TEST_F(VerdictTest, ListsTheLargestLeakFirst) {
  add(first_, Growth::kSteady, 400);
  add(second_, Growth::kSteady, 600);
  const Verdict failed = verdict();
  EXPECT_EQ(failed.leaks[0].greatest->stack, second_);
  EXPECT_EQ(failed.leaks[1].greatest->stack, first_);
}

TEST_F(VerdictTest, MaxLeakPerStackSumsAllDomainsOfAStack) {
  add(first_, Growth::kSteady, 600, Domain::kObj);
  add(first_, Growth::kSteady, 500, Domain::kMem);
  add(second_, Growth::kSteady, 900);
  limits_.max_leak_per_stack = limit(1000);
  const Verdict failed = verdict();
  ASSERT_EQ(failed.failures.size(), 1u);
  EXPECT_EQ(failed.failures[0].kind, LimitKind::kLeakPerStack);
  ASSERT_EQ(failed.failures[0].leaks.size(), 1u);
  EXPECT_EQ(failed.failures[0].leaks[0].amount, (Amount{1100, 20}));
  EXPECT_EQ(failed.failures[0].leaks[0].greatest->domain, Domain::kObj);
}

TEST_F(VerdictTest, ExcludedGrowthsDoNotCount) {
  add(first_, Growth::kSteady, 600);
  limits_.growths = {"marked"};
  EXPECT_TRUE(verdict().passed());
  EXPECT_EQ(verdict().not_counted.bytes, 600u);
  limits_.growths = {"marked", "steady"};
  EXPECT_FALSE(verdict().passed());
}

TEST_F(VerdictTest, IsIncompleteForKindsThatNeedACensus) {
  limits_.kinds = {"lost", "refleak"};
  EXPECT_FALSE(verdict().complete());
  EXPECT_FALSE(verdict().passed());
  limits_.kinds = {"unknown"};
  EXPECT_TRUE(verdict().passed());
  add(first_, Growth::kSteady, 600);
  EXPECT_EQ(broken(), Kinds{LimitKind::kLeak});
}

TEST_F(VerdictTest, MaxPeakAndMaxHeldLimitEachProcess) {
  findings_.images.push_back(findings_.images[0]);
  findings_.images[1].pid = 4712;
  findings_.images[1].peak = {6000, 60};
  held_ = {{100, 200}, {500, 0}};
  limits_.max_peak = limit(6000);
  limits_.max_held = limit(500);
  EXPECT_TRUE(verdict().passed());
  limits_.max_peak = limit(5999);
  limits_.max_held = limit(299);
  const Verdict failed = verdict();
  ASSERT_EQ(failed.failures.size(), 3u);
  EXPECT_EQ(failed.failures[0].kind, LimitKind::kHeld);
  EXPECT_EQ(failed.failures[0].image, &findings_.images[0]);
  EXPECT_EQ(failed.failures[0].amount.bytes, 300u);
  EXPECT_EQ(failed.failures[1].kind, LimitKind::kPeak);
  EXPECT_EQ(failed.failures[1].image, &findings_.images[1]);
  EXPECT_EQ(failed.failures[2].kind, LimitKind::kHeld);
}

TEST_F(VerdictTest, SuppressedLeaksDoNotCount) {
  suppressions_ = Suppressions("[[suppress]]\nfunction = 'first'\nreason = 'known'\n", "x.toml", {});
  add(first_, Growth::kSteady, 600);
  const Verdict passed = verdict();
  EXPECT_TRUE(passed.passed());
  ASSERT_EQ(passed.suppressed.size(), 1u);
  EXPECT_EQ(passed.suppressed_amount.bytes, 600u);
  add(second_, Growth::kSteady, 1);
  EXPECT_EQ(broken(), Kinds{LimitKind::kLeak});
}

TEST_F(VerdictTest, GroupThatIsNoLeakDoesNotUseASuppression) {
  suppressions_ = Suppressions("[[suppress]]\nfunction = 'first'\nreason = 'known'\n", "x.toml", {});
  add(first_, Growth::kRamp, 600);
  EXPECT_TRUE(verdict().passed());
  EXPECT_FALSE(suppressions_.entries()[0].used);
}

TEST_F(VerdictTest, IncompleteProfileNeverPasses) {
  EXPECT_TRUE(verdict().passed());
  const ImageFacts whole = findings_.images[0];
  for (const auto& damage : std::vector<void (*)(ImageFacts&)>{
           [](ImageFacts& facts) { facts.lost_events = 1; }, [](ImageFacts& facts) { facts.lost_segments = 1; },
           [](ImageFacts& facts) { facts.unreadable_bytes = 1; },
           [](ImageFacts& facts) { facts.window_missing = true; }, [](ImageFacts& facts) { facts.late_install = true; },
           [](ImageFacts& facts) { facts.stop.emplace(); }, [](ImageFacts& facts) { facts.unnoted_children = 1; },
           [](ImageFacts& facts) { facts.missing_images.emplace_back(); },
           [](ImageFacts& facts) { facts.paused = true; }, [](ImageFacts& facts) { facts.epoch_begin_ns = 1; }}) {
    findings_.images[0] = whole;
    damage(findings_.images[0]);
    EXPECT_FALSE(verdict().passed());
    ASSERT_EQ(verdict().missing.size(), 1u);
    EXPECT_NE(verdict().missing[0].kind, MissingData::Kind::kKindsOfLeaks);
  }
}

TEST_F(VerdictTest, IsIncompleteWhenPythonStacksAreOff) {
  findings_.images[0].python_stacks = false;
  EXPECT_FALSE(verdict().complete());
  limits_.max_peak = limit(10'000);
  EXPECT_TRUE(verdict().passed());
  limits_.max_leak = limit(0);
  EXPECT_FALSE(verdict().complete());
  findings_.images[0].implementation = "";  // it had no Python
  EXPECT_TRUE(verdict().passed());
}

TEST_F(VerdictTest, ProfileOfAKilledProcessPassesUnlessACleanExitIsRequired) {
  for (const char* how : {"signal 9", "unknown"}) {
    limits_.require_clean_exit = false;
    findings_.images[0].ended_by = how;
    findings_.images[0].exit_code = std::nullopt;
    EXPECT_TRUE(verdict().passed());
    limits_.require_clean_exit = true;
    EXPECT_TRUE(verdict().complete());
    EXPECT_EQ(broken(), Kinds{LimitKind::kCleanExit});
  }
}

TEST_F(VerdictTest, CleanExitHasCodeZero) {
  limits_.require_clean_exit = true;
  for (const char* how : {"exit", "_exit", "exec"}) {
    findings_.images[0].ended_by = how;
    findings_.images[0].exit_code = 0;
    EXPECT_TRUE(verdict().passed());
    findings_.images[0].exit_code = 3;
    EXPECT_EQ(broken(), Kinds{LimitKind::kCleanExit});
  }
}

}  // namespace
}  // namespace cistern::analyzer
