#include "analyzer/model/end_state.h"

#include <gtest/gtest.h>

#include "tests/builders/recording.h"

namespace cistern::analyzer {
namespace {

EndState end_state_after(const std::vector<std::pair<uint64_t, Phase>>& phases) {
  ProcessEvents process_events;
  for (const auto& [time, phase] : phases) process_events.phases.push_back({time, phase});
  return end_state_of(process_events);
}

TEST(EndState, IsTheLastExitAfterWhichTheProgramDidNotContinue) {
  const EndState end = end_state_after({{1, Phase::kRunning},
                                        {2, Phase::kExiting},
                                        {3, Phase::kRunning},
                                        {4, Phase::kRootLeft},
                                        {5, Phase::kExiting},
                                        {6, Phase::kFinalizing},
                                        {7, Phase::kAfter}});
  EXPECT_EQ(end.kind, EndStateKind::kExiting);
  EXPECT_EQ(end.time, 5u);
}

TEST(EndState, IsTheFirstFinalizationWhenTheProgramContinuedAfterAnExit) {
  const EndState end =
      end_state_after({{2, Phase::kExiting}, {3, Phase::kRunning}, {6, Phase::kFinalizing}, {8, Phase::kFinalizing}});
  EXPECT_EQ(end.kind, EndStateKind::kFinalizing);
  EXPECT_EQ(end.time, 6u);
}

TEST(EndState, IsTheLastFinalizationOfAnEmbeddedInterpreter) {
  const EndState end = end_state_after({{1, Phase::kRunning},
                                        {2, Phase::kFinalizing},
                                        {3, Phase::kCollected},
                                        {4, Phase::kRunning},
                                        {6, Phase::kFinalizing},
                                        {7, Phase::kAfter}});
  EXPECT_EQ(end.kind, EndStateKind::kFinalizing);
  EXPECT_EQ(end.time, 6u);
}

TEST(EndState, IsTheReturnOfTheRootFrameWhenNothingElseIsRecorded) {
  const EndState end = end_state_after({{2, Phase::kRunning}, {3, Phase::kRootLeft}, {9, Phase::kAfter}});
  EXPECT_EQ(end.kind, EndStateKind::kRootLeft);
  EXPECT_EQ(end.time, 3u);
}

TEST(EndState, IsTheEndOfTheStreamWhenNoEndIsRecorded) {
  EXPECT_EQ(end_state_after({}).kind, EndStateKind::kStreamEnd);
  const EndState end = end_state_after({{3, Phase::kRootLeft}, {4, Phase::kRunning}, {5, Phase::kAfter}});
  EXPECT_EQ(end.kind, EndStateKind::kStreamEnd);
  EXPECT_EQ(end.time, UINT64_MAX);
}

TEST(EndState, DependsOnTimesAndNotOnTheOrderOfRecords) {
  Recording recording;
  recording.phase(kStart + 50, Phase::kExiting);
  recording.phase(kStart + 10, Phase::kRunning);
  const Profile profile = recording.read();
  EXPECT_EQ(end_state_of(profile.images.front().process_events).time, kStart + 50);
}

}  // namespace
}  // namespace cistern::analyzer
