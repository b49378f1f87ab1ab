#include "preload/cpython/bytecode_copies.h"

#include <sys/mman.h>

#include "preload/capture/python_stack.h"
#include "preload/capture/reference_walker.h"
#include "tests/builders/fake_python.h"
#include "tests/builders/temporary_segment_store.h"

namespace cistern::preload {
namespace {

class Copies : public testing::TestWithParam<PythonBuild> {
 protected:
  ~Copies() override { FakePython::attach(true); }

  uint64_t position() const { return load<uint64_t>(frame_, fake_.layout().position); }
  int64_t offset() const { return offset_in_copy(fake_.python(), frame_, code_, position()); }
  int64_t offset_at(uint32_t copy, int offset_in_it) {
    fake_.fill_place(frame_, code_, copy, offset_in_it);
    return offset();
  }

  FakePython fake_{GetParam()};
  uint8_t* const code_ = fake_.code("/t.py", "f", 1);
  uint8_t* const frame_ = fake_.frame(nullptr, code_, 4);
};
INSTANTIATE_TEST_SUITE_P(Python3, Copies, testing::ValuesIn(builds_where([](const PythonLayout& layout) {
                           return layout.positions == Positions::kInCopies;
                         })));

TEST_P(Copies, AreFoundByPositionAttachedOrNot) {
  fake_.fill_copies(code_, {code_ + fake_.layout().instructions, fake_.block(256), nullptr, fake_.block(256)});
  for (const bool attached : {true, false}) {
    FakePython::attach(attached);
    EXPECT_EQ(offset_at(0, 6), 6);
    EXPECT_EQ(offset_at(1, 0), 0);
    EXPECT_EQ(offset_at(3, 254), 254);
    EXPECT_EQ(offset_at(3, 256), kUnknownOffset);
    EXPECT_EQ(offset_at(1, -2), kUnknownOffset);
    FakePython::store<uint32_t>(frame_, fake_.layout().copy_index, 2);
    EXPECT_EQ(offset(), kUnknownOffset) << "that copy is not there";
    FakePython::store<uint32_t>(frame_, fake_.layout().copy_index, 4);
    EXPECT_EQ(offset(), kUnknownOffset) << "beyond the array";
  }
}

// For a thread that is not attached, the array may be freed and its pages unmapped.
TEST_P(Copies, AreNotReadFromUnmappedMemory) {
  constexpr size_t kBytes = 4096;
  void* const page = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(page, MAP_FAILED);
  std::memcpy(page, load_pointer(code_, fake_.layout().copies), 24);
  FakePython::store<void*>(code_, fake_.layout().copies, page);
  FakePython::attach(false);
  EXPECT_EQ(offset_at(1, 8), 8);
  EXPECT_EQ(munmap(page, kBytes), 0);
  EXPECT_EQ(offset(), kUnknownOffset);
}

// A copy may be freed, and its address reused by another code object's copy, before its code object is freed.
TEST_P(Copies, AtAReusedAddressBelongToTheNewCode) {
  TemporarySegmentStore temporary;
  const auto records = std::make_unique<RecordStream>();
  const auto interner = std::make_unique<Interner>();
  ASSERT_TRUE(records->begin(*temporary.segments, 0));
  interner->begin(*records, uint64_t{1} << 30, true);
  uint8_t* const other = fake_.code("/t.py", "g", 2);
  PythonStack stack;
  bool changed = false;
  const auto seen = [&] { return stack.capture(fake_.python(), *interner, frame_, StackId{}, changed); };
  const StackId first = seen();
  const uint64_t at = position();
  fake_.fill_copies(other, {other + fake_.layout().instructions, reinterpret_cast<uint8_t*>(at - 4)});
  fake_.fill_frame(frame_, nullptr, other, 4);
  ASSERT_EQ(position(), at);
  const StackId second = seen();
  EXPECT_NE(second, first);
  EXPECT_EQ(second, reference_walk(fake_.python(), *interner, frame_, StackId{}));
}

}  // namespace
}  // namespace cistern::preload
