#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string_view>

#include "analyzer/leaks/growth_judge.h"
#include "analyzer/leaks/leak_search.h"
#include "analyzer/leaks/window_counts.h"
#include "tests/builders/recording.h"

namespace cistern::analyzer {
namespace {

// Blocks born one at each of `births`, along a clock of `windows` windows of 100 ticks; each tick the same sites
// allocate `churn` more, which die.
GrowthEvidence evidence_of(const std::vector<uint64_t>& births, size_t windows, uint64_t churn = 0) {
  GrowthEvidence evidence;
  evidence.lengths.assign(windows, 100);
  evidence.survivors.assign(windows, 0);
  evidence.allocated.assign(windows, 100 * churn);
  for (const uint64_t birth : births) {
    ++evidence.survivors[birth / 100];
    ++evidence.allocated[birth / 100];
  }
  return evidence;
}

std::vector<uint64_t> each(uint64_t step, uint64_t begin, uint64_t end) {
  std::vector<uint64_t> births;
  for (uint64_t at = begin; at < end; at += step) births.push_back(at);
  return births;
}

Growth growth_of(const GrowthEvidence& evidence) {
  return judge_by_allocations(evidence).growth;
}

TEST(Growth, IsSteadyWhenSurvivorsAreSpreadOverTheWholeClock) {
  EXPECT_EQ(growth_of(evidence_of(each(1, 0, 4000), 40)), Growth::kSteady);
  EXPECT_EQ(growth_of(evidence_of(each(100, 0, 10'000), 100)), Growth::kSteady);
  EXPECT_GT(judge_by_allocations(evidence_of(each(1, 0, 4000), 40)).fit, 0.95);
}

TEST(Growth, IsSteadyWhenOneInAHundredSurvivesAtRandom) {
  int steady = 0;
  for (uint32_t seed = 1; seed <= 200; ++seed) {
    std::mt19937 chance(seed);
    std::vector<uint64_t> births;
    for (int i = 0; i < 100; ++i) births.push_back(chance() % 10'000);
    steady += growth_of(evidence_of(births, 100, 1)) == Growth::kSteady ? 1 : 0;
  }
  EXPECT_GE(steady, 196) << "chance has its share";
}

TEST(Growth, IsSteadyWhenTheLeakBeganLate) {
  EXPECT_EQ(growth_of(evidence_of(each(1, 16'000, 20'000), 200)), Growth::kSteady);
}

TEST(Growth, IsSteadyOnlyWithEnoughWindowsAndSurvivors) {
  EXPECT_EQ(growth_of(evidence_of(each(1, 0, 900), 9)), Growth::kNone);
  EXPECT_EQ(growth_of(evidence_of(each(400, 0, 10'000), 100)), Growth::kNone);
}

TEST(Growth, IsARampWhenGrowthStopped) {
  EXPECT_EQ(growth_of(evidence_of(each(1, 0, 7000), 100)), Growth::kRamp);
}

TEST(Growth, IsOneOffWhenAllBlocksAreAllocatedAtOnce) {
  EXPECT_EQ(growth_of(evidence_of(each(1, 5000, 5100), 100)), Growth::kOneOff);
  GrowthEvidence before = evidence_of({}, 100);
  before.earlier = 1000;
  EXPECT_EQ(growth_of(before), Growth::kOneOff);
}

TEST(Growth, IsNoneWhenOldBlocksAreFreedAsNewOnesCome) {
  for (const uint64_t kept : {200u, 2000u, 5000u}) {  // a cache of so many blocks, in a run of 10,000
    GrowthEvidence cache = evidence_of(each(1, 10'000 - kept, 10'000), 100);
    cache.allocated.assign(100, 100);
    EXPECT_EQ(growth_of(cache), Growth::kNone) << kept;
  }
}

TEST(Growth, IsNoneWhenLongLivedBlocksAreFreedOneAfterTheOther) {
  for (uint32_t seed = 1; seed <= 100; ++seed) {
    std::mt19937 chance(seed);
    std::exponential_distribution<double> life(1 / 2000.0);
    std::vector<uint64_t> births;
    for (uint64_t at = 0; at < 10'000; ++at) {
      if (life(chance) > static_cast<double>(10'000 - at)) births.push_back(at);
    }
    EXPECT_EQ(growth_of(evidence_of(births, 100, 1)), Growth::kNone) << seed;
  }
}

// The interpreter's cache of type attributes: each name goes to a slot by chance, and the last one there stays.
TEST(Growth, IsNoneWhenACacheReplacesRandomEntries) {
  for (uint32_t seed = 1; seed <= 100; ++seed) {
    std::mt19937 chance(seed);
    std::vector<uint64_t> slots(400);
    for (uint64_t at = 1; at < 10'000; at += 10) slots[chance() % slots.size()] = at;
    std::vector<uint64_t> births;
    for (const uint64_t birth : slots) {
      if (birth != 0) births.push_back(birth);
    }
    GrowthEvidence evidence = evidence_of(births, 100, 1);
    evidence.settled = true;
    EXPECT_EQ(growth_of(evidence), Growth::kNone) << seed;
  }
}

TEST(Growth, IsARampWhenACacheFillsEverMoreSlowly) {
  std::mt19937 chance(7);
  std::vector<bool> known(500);
  std::vector<uint64_t> births;
  for (uint64_t at = 0; at < 10'000; ++at) {
    const uint64_t key = chance() % known.size();
    if (!known[key]) births.push_back(at);
    known[key] = true;
  }
  EXPECT_EQ(growth_of(evidence_of(births, 100)), Growth::kRamp);
}

GrowthEvidence between_marks(const std::vector<uint64_t>& survivors, uint64_t allocated_each) {
  GrowthEvidence evidence;
  evidence.lengths.assign(survivors.size(), 1);
  evidence.survivors = survivors;
  evidence.allocated.assign(survivors.size(), allocated_each);
  return evidence;
}

TEST(Growth, BetweenMarksNeedsOneBlockInEachOfAFewIntervals) {
  const GrowthFinding finding = judge_by_marks(between_marks({9, 1, 1, 1, 1}, 1));
  EXPECT_EQ(finding.growth, Growth::kMarked);
  EXPECT_DOUBLE_EQ(finding.blocks_per_mark, 1);
  EXPECT_EQ(judge_by_marks(between_marks({1, 1, 1}, 1)).growth, Growth::kNone) << "too few marks";
  EXPECT_EQ(judge_by_marks(between_marks({5, 0, 0, 0, 0, 0}, 5)).growth, Growth::kNone) << "only at first";
  EXPECT_EQ(judge_by_marks(between_marks({0, 0, 0, 0, 0, 0, 0, 0, 5, 5}, 5)).growth, Growth::kNone) << "a cache";
}

TEST(Growth, JoinsWindowsUntilEachHasTwoSurvivors) {
  const GrowthEvidence few = joined(evidence_of(each(500, 0, 10'000), 100), 5);
  EXPECT_EQ(few.lengths.size(), 7u);
  uint64_t survivors = 0, ticks = 0;
  for (size_t i = 0; i < few.lengths.size(); ++i) {
    survivors += few.survivors[i];
    ticks += few.lengths[i];
  }
  EXPECT_EQ(survivors, 20u);
  EXPECT_EQ(ticks, 10'000u);
}

TEST(WindowCounts, KeepCountsWhenWindowsAreJoined) {
  WindowCounts counts;
  for (uint32_t window = 0; window < 8; ++window) {
    for (uint32_t i = 0; i <= window; ++i) counts.add(3, window);
  }
  counts.join_pairs();
  counts.add(3, 4);
  std::vector<uint64_t> sums(5);
  counts.add_to(3, sums);
  EXPECT_EQ(sums, (std::vector<uint64_t>{3, 7, 11, 15, 1}));
  std::vector<uint64_t> none(5);
  counts.add_to(99, none);
  EXPECT_EQ(none, std::vector<uint64_t>(5));
}

// A program whose import allocates far more than its loop, of which each round leaves one block and frees four.
class LeakSearch : public testing::Test {
 protected:
  void SetUp() override {
    const StackId loop = recording_.stack({{"<module>", "/app.py", 1}, {"work", "/app.py", 7}});
    const StackId import = recording_.stack({{"<module>", "/app.py", 2},
                                             {"_find_and_load", "<frozen importlib._bootstrap>", 3},
                                             {"<module>", "/lib/python3.11/big.py", 1}});
    uint64_t time = 1'000'000'000, address = 0x1000;
    recording_.phase(time, Phase::kRunning);
    for (int i = 0; i < 20'000; ++i) recording_.alloc(1, time += 1000, address += 64, 40, import);
    for (int i = 0; i < 400; ++i) {
      if (i % 10 == 0) recording_.mark(time += 1000, "round");
      for (int j = 0; j < 4; ++j) {
        recording_.alloc(1, time += 1000, address += 64, 50, loop);
        recording_.free(1, time += 1000, address);
      }
      recording_.alloc(1, time += 1000, address += 64, 1000, loop);
    }
    end_ = time += 1000;
    recording_.phase(end_, Phase::kExiting);
  }
  LeakFindings find(const LeakQuestion& question = {}) {
    profiles_.push_back(recording_.read());
    return find_leaks(profiles_, question, nullptr);
  }

  Recording recording_;
  std::vector<Profile> profiles_;
  uint64_t end_ = 0;
};

TEST_F(LeakSearch, ClockDoesNotTickDuringImports) {
  const LeakFindings findings = find();
  ASSERT_FALSE(findings.groups.empty());
  const LeakGroup& leak = findings.groups.front();
  EXPECT_TRUE(leak.is_leak());
  EXPECT_EQ(leak.growth.growth, Growth::kMarked);
  EXPECT_EQ(leak.amount, (Amount{400'000, 400}));
  EXPECT_NEAR(leak.growth.blocks_per_mark, 10, 0.5);
  EXPECT_NEAR(leak.growth.bytes_per_mark, 10'000, 500);
  EXPECT_EQ(findings.leaked, leak.amount);
  EXPECT_FALSE(findings.groups.back().is_leak());
}

// What a task leaks it leaks before and after somebody awaits it, and whoever that is.
TEST_F(LeakSearch, GroupsStacksThatDifferOnlyInAwaitingFrames) {
  recording_ = Recording();
  recording_.phase(kStart, Phase::kRunning);
  const StackId run = recording_.stack({{"run", "/lib/loop.py", 1}});
  const Place keep{"keep", "/app.py", 9};
  const Place main{"main", "/app.py", 20};
  const StackId awaited = recording_.node(run, NodeKind::kAwaiting, raw(recording_.code(main)), -1);
  const StackId by_several = recording_.node(run, NodeKind::kAwaiting, 0, 0);
  uint64_t time = kStart, address = 0x1000;
  for (const StackId caller : {run, awaited, by_several}) {
    const StackId leak = recording_.node(caller, NodeKind::kPython, raw(recording_.code(keep)), -1);
    for (int i = 0; i < 5'000; ++i) recording_.alloc(1, time += 1000, address += 64, 48, leak);
  }
  const StackId once = recording_.node(awaited, NodeKind::kPython, raw(recording_.code({"once", "/app.py", 30})), -1);
  recording_.alloc(1, time += 1000, address += 64, 48, once);
  recording_.phase(time += 1000, Phase::kExiting);
  const LeakFindings findings = find();
  const auto stack_of = [&](const LeakGroup& group) {
    std::vector<std::string_view> names;
    for (const Frame* frame : findings.tree.stack(group.stack)) names.push_back(frame->function);
    return names;
  };
  std::map<std::string_view, std::vector<const LeakGroup*>> found;
  for (const LeakGroup& group : findings.groups) found[stack_of(group).front()].push_back(&group);
  ASSERT_EQ(found["keep"].size(), 1u);
  EXPECT_EQ(found["keep"][0]->growth.growth, Growth::kSteady);
  EXPECT_EQ(found["keep"][0]->amount, (Amount{15'000 * 48, 15'000}));
  EXPECT_EQ(stack_of(*found["keep"][0]), (std::vector<std::string_view>{"keep", "run"}));
  ASSERT_EQ(found["once"].size(), 1u);
  EXPECT_EQ(stack_of(*found["once"][0]), (std::vector<std::string_view>{"once", "main", "run"}));
}

TEST_F(LeakSearch, BlocksThatTheLastCollectionFreesAreNoLeak) {
  recording_.phase(end_ + 10, Phase::kFinalizing);
  recording_.phase(end_ + 20, Phase::kCollecting);
  uint64_t address = 0x1000 + 64 * 20'000;
  for (int i = 0; i < 400; ++i) recording_.free(1, end_ + 30 + static_cast<uint64_t>(i), address += 5 * 64);
  recording_.phase(end_ + 1000, Phase::kCollected);
  const LeakFindings findings = find();
  EXPECT_EQ(findings.leaked, Amount{});
  for (const LeakGroup& group : findings.groups) {
    EXPECT_EQ(group.collectable, group.amount.blocks == 400 ? group.amount : Amount{});
  }
}

}  // namespace
}  // namespace cistern::analyzer
