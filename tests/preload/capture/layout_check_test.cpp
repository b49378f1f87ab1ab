#include "preload/capture/layout_check.h"

#include <gtest/gtest.h>

#include "preload/cpython/code_object.h"
#include "tests/builders/fake_python.h"
#include "tests/builders/temporary_segment_store.h"

namespace cistern::preload {
namespace {

// Does what PyUnstable_InterpreterFrame_GetLasti does: subtracts the start of a frame's code from its position.
int last_instruction_of_3_12(const uint8_t* frame) {
  const PythonLayout& layout = *layout_of(12);
  return static_cast<int>(offset_of(layout, load_pointer(frame, layout.code), load<uint64_t>(frame, layout.position)));
}
// The same in an interpreter whose code begins two bytes further on.
int other_last_instruction(const uint8_t* frame) {
  return last_instruction_of_3_12(frame) - 2;
}
int never_asked(const uint8_t*) {
  ADD_FAILURE() << "the check has ended";
  return 0;
}

class LayoutCheckTest : public testing::Test {
 protected:
  LayoutCheckTest() : python_(fake_.python()) {}
  void SetUp() override {
    ASSERT_TRUE(records_->begin(*temporary_.segments, 0));
    interner_->begin(*records_, uint64_t{1} << 30, true);
  }
  const PythonStack& seen(const uint8_t* innermost) {
    bool root_changed = false;
    stack_.capture(python_, *interner_, innermost, base_, root_changed);
    return stack_;
  }

  FakePython fake_{12};
  Interpreter python_;
  TemporarySegmentStore temporary_;
  std::unique_ptr<RecordStream> records_ = std::make_unique<RecordStream>();
  std::unique_ptr<Interner> interner_ = std::make_unique<Interner>();
  const std::atomic<StackId> base_{};
  PythonStack stack_;
  uint8_t* const code_ = fake_.code("/p.py", "f", 1);
  uint8_t* const root_ = fake_.frame(nullptr, code_, -2);  // before its first instruction
  uint8_t* const entry_ = fake_.block(512);
  LayoutCheck check_;
};

TEST_F(LayoutCheckTest, EndsWhenTwoFramesOfOneStackAgree) {
  python_.functions.last_instruction = last_instruction_of_3_12;
  EXPECT_EQ(check_.check(python_, seen(nullptr)), nullptr);
  EXPECT_EQ(check_.check(python_, seen(root_)), nullptr) << "one frame only";
  fake_.fill_entry_frame(entry_, root_);
  uint8_t* const inner = fake_.frame(entry_, code_, 20);
  EXPECT_EQ(check_.check(python_, seen(inner)), nullptr);
  python_.functions.last_instruction = never_asked;
  EXPECT_EQ(check_.check(python_, seen(inner)), nullptr);
}

TEST_F(LayoutCheckTest, ReportsAMismatchOnce) {
  python_.functions.last_instruction = other_last_instruction;
  EXPECT_STREQ(check_.check(python_, seen(root_)), "the interpreter says that its frames are elsewhere in their code");
  python_.functions.last_instruction = never_asked;
  EXPECT_EQ(check_.check(python_, seen(root_)), nullptr) << "once";
  check_.reset();
  python_.functions.last_instruction = other_last_instruction;
  EXPECT_NE(check_.check(python_, seen(root_)), nullptr) << "another interpreter";
}

TEST_F(LayoutCheckTest, ChecksFramesBehindAnEntryFrame) {
  python_.functions.last_instruction = [](const uint8_t* frame) {
    const int said = last_instruction_of_3_12(frame);
    return said == 20 ? 22 : said;
  };
  fake_.fill_entry_frame(entry_, root_);
  EXPECT_NE(check_.check(python_, seen(fake_.frame(entry_, code_, 20))), nullptr);
}

TEST_F(LayoutCheckTest, DoesNothingWithoutTheFunction) {
  EXPECT_EQ(check_.check(python_, seen(root_)), nullptr);
  python_.functions.last_instruction = never_asked;
  EXPECT_EQ(check_.check(python_, seen(root_)), nullptr);
}

}  // namespace
}  // namespace cistern::preload
