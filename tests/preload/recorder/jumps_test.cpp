#include "preload/recorder/jumps.h"

#include <gtest/gtest.h>

#include "preload/base/spin_lock.h"
#include "preload/base/thread_context.h"
#include "preload/recorder/file_errors.h"
#include "preload/recorder/recorder.h"

namespace cistern::preload {
namespace {

TEST(Jumps, AThreadThatLeftAHookIsInNone) {
  t_context.inside = 1;
  EXPECT_TRUE(recover_from_jump());
  EXPECT_EQ(t_context.inside, 0u);
}

TEST(Jumps, LocksOfAThreadThatLeftAHookAreReleasedAndRecordingStops) {
  SpinLock outer;
  SpinLock inner;
  const auto leave_with_locks = [&] {
    new (::operator new(sizeof(Locked))) Locked(outer);
    new (::operator new(sizeof(Locked))) Locked(inner);
  };
  leave_with_locks();
  t_context.inside = 1;
  EXPECT_FALSE(outer.try_lock(0));
  EXPECT_FALSE(recover_from_jump());
  EXPECT_EQ(t_context.locks, 0u);
  EXPECT_TRUE(outer.try_lock(0));
  EXPECT_TRUE(inner.try_lock(0));
  const int failure = g_recorder.segments.failure.exchange(0);
  EXPECT_EQ(stop_reason_of(failure), StopReason::kJump);
  EXPECT_NE(reason_of(failure).find("siglongjmp"), std::string_view::npos);
}

TEST(Jumps, NestedGuardsKeepTheStackPointerOfTheOutermost) {
  EXPECT_EQ(t_context.inside, 0u);
  {
    const OutermostGuard outermost;
    const uintptr_t inside = t_context.inside;
    EXPECT_NE(inside, 0u);
    {
      const ReentrancyGuard nested;
      EXPECT_EQ(t_context.inside, inside);
    }
    EXPECT_EQ(t_context.inside, inside);
  }
  EXPECT_EQ(t_context.inside, 0u);
  {
    const ReentrancyGuard guard;
    EXPECT_NE(t_context.inside, 0u);
  }
  EXPECT_EQ(t_context.inside, 0u);
}

}  // namespace
}  // namespace cistern::preload
