#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <cstring>
#include <initializer_list>
#include <vector>

#include "preload/base/loaded_modules.h"
#include "preload/capture/stack_end.h"
#include "preload/unwind/code_search.h"
#include "preload/unwind/code_table.h"
#include "preload/unwind/eh_frame.h"
#include "preload/unwind/registers.h"

namespace cistern::preload {
namespace {

// A module's .eh_frame_hdr and .eh_frame, with one CIE and one FDE for a function of `kFunctionBytes` behind them.
class FakeModule {
 public:
  static constexpr uint32_t kFunctionBytes = 0x100;

  explicit FakeModule(std::initializer_list<uint8_t> instructions, const char* augmentation = "zR",
                      bool with_table = true) {
    put({1, 0x1b, uint8_t(with_table ? 0x03 : 0xff), uint8_t(with_table ? 0x3b : 0xff)});
    const size_t frames_place = bytes_.size();
    put32(0);
    if (with_table) put32(1);
    const size_t row = bytes_.size();
    if (with_table) put32(0), put32(0);
    patch32(frames_place, static_cast<uint32_t>(bytes_.size() - frames_place));
    const size_t cie = bytes_.size();
    entry(0, [&] {
      put({1});
      for (const char* c = augmentation; *c != '\0'; ++c) put({uint8_t(*c)});
      put({0, 1, 0x78, 16});            // code alignment 1, data alignment -8, return address column
      put({1, 0x1b});                   // pointers are relative, four bytes
      put({0x0c, 7, 8, 0x80 | 16, 1});  // cfa = rsp + 8, return address at cfa - 8
    });
    const size_t fde = bytes_.size();
    size_t begin_place = 0;
    entry(static_cast<uint32_t>(fde + 4 - cie), [&] {
      begin_place = bytes_.size();
      put32(0);
      put32(kFunctionBytes);
      put({0});
      put(instructions);
    });
    put32(0);
    function_ = bytes_.size();
    bytes_.resize(bytes_.size() + kFunctionBytes);
    patch32(begin_place, static_cast<uint32_t>(function_ - begin_place));
    if (with_table) patch32(row, static_cast<uint32_t>(function_)), patch32(row + 4, static_cast<uint32_t>(fde));
  }

  CallFrameInfo info() const {
    const auto start = reinterpret_cast<uintptr_t>(bytes_.data());
    return {bytes_.data(), start, start + bytes_.size()};
  }
  uintptr_t function() const { return reinterpret_cast<uintptr_t>(bytes_.data()) + function_; }
  UnwindRule rule(uint32_t offset) const { return describe_frame(info(), function() + offset).rule; }
  std::vector<uint8_t>& bytes() { return bytes_; }

 private:
  void put(std::initializer_list<uint8_t> values) { bytes_.insert(bytes_.end(), values); }
  void put32(uint32_t value) {
    for (int i = 0; i < 4; ++i) bytes_.push_back(static_cast<uint8_t>(value >> 8 * i));
  }
  void patch32(size_t place, uint32_t value) { std::memcpy(bytes_.data() + place, &value, sizeof value); }
  template <typename Body>
  void entry(uint32_t id, Body body) {
    const size_t length = bytes_.size();
    put32(0);
    put32(id);
    body();
    while (bytes_.size() % 4 != 0) bytes_.push_back(0);
    patch32(length, static_cast<uint32_t>(bytes_.size() - length - 4));
  }

  std::vector<uint8_t> bytes_;
  size_t function_ = 0;
};

UnwindRule at_stack_pointer(int32_t offset, FramePointer pointer = FramePointer::kSame, int16_t pointer_offset = 0) {
  return {FrameAddress::kStackPointer, pointer, pointer_offset, offset};
}

TEST(EhFrame, FollowsPushesAndPops) {
  // push rbp at 1, sub rsp by 32 at 8, then the state is restored for an early return, and set again behind it.
  const FakeModule module({0x41, 0x0e, 16, 0x86, 2, 0x47, 0x0e, 48, 0x0a, 0x48, 0x0e, 8, 0xc6, 0x41, 0x0b});
  EXPECT_EQ(module.rule(0), at_stack_pointer(8));
  EXPECT_EQ(module.rule(1), at_stack_pointer(16, FramePointer::kInFrame, -16));
  EXPECT_EQ(module.rule(7), at_stack_pointer(16, FramePointer::kInFrame, -16));
  EXPECT_EQ(module.rule(8), at_stack_pointer(48, FramePointer::kInFrame, -16));
  EXPECT_EQ(module.rule(16), at_stack_pointer(8));
  EXPECT_EQ(module.rule(17), at_stack_pointer(48, FramePointer::kInFrame, -16));
  EXPECT_EQ(module.rule(0xff), at_stack_pointer(48, FramePointer::kInFrame, -16));
}

TEST(EhFrame, FollowsFramePointersAndAlignedStacks) {
  const FakeModule by_pointer({0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6});
  const UnwindRule pointer{FrameAddress::kFramePointer, FramePointer::kInFrame, -16, 16};
  EXPECT_EQ(by_pointer.rule(4), pointer);
  // DW_CFA_def_cfa_expression (breg6 -8; deref), DW_CFA_expression rbp (breg6 0): as GCC realigns a stack.
  const FakeModule aligned({0x41, 0x0f, 3, 0x76, 0x78, 0x06, 0x10, 6, 2, 0x76, 0x00});
  const UnwindRule slot{FrameAddress::kFramePointerSlot, FramePointer::kAtFramePointer, 0, -8};
  EXPECT_EQ(aligned.rule(1), slot);
}

TEST(EhFrame, FindsFunctionsWithoutATable) {
  const FakeModule module({0x41, 0x0e, 16}, "zR", false);
  EXPECT_EQ(module.rule(2), at_stack_pointer(16));
  EXPECT_EQ(describe_frame(module.info(), module.function() + FakeModule::kFunctionBytes).function, 0u);
}

TEST(EhFrame, RecognizesOutermostAndSignalFrames) {
  EXPECT_EQ(FakeModule({0x07, 16}).rule(0).address, FrameAddress::kOutermost);
  EXPECT_EQ(FakeModule({}, "zRS").rule(0).address, FrameAddress::kSignal);
}

TEST(EhFrame, ReturnsNoRuleForUnknownInformation) {
  EXPECT_EQ(FakeModule({0x3f}).rule(0).address, FrameAddress::kUnknown);                 // no such instruction
  EXPECT_EQ(FakeModule({0x0c, 10, 8}).rule(0).address, FrameAddress::kUnknown);          // cfa = r10 + 8
  EXPECT_EQ(FakeModule({0x09, 16, 3}).rule(0).address, FrameAddress::kUnknown);          // return address in rbx
  EXPECT_EQ(FakeModule({0x0f, 2, 0x77, 0x08}).rule(0).address, FrameAddress::kUnknown);  // an expression without deref
  EXPECT_EQ(FakeModule({}, "zQ").rule(0).address, FrameAddress::kUnknown);               // an unknown augmentation
  EXPECT_EQ(describe_frame({}, 1).function, 0u);
}

TEST(EhFrame, SurvivesEveryTruncationAndFlippedBit) {
  const FakeModule whole({0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x0f, 3, 0x76, 0x78, 0x06});
  for (const bool with_table : {true, false}) {
    FakeModule module({0x41, 0x0e, 16, 0x86, 2, 0x43, 0x0d, 6, 0x0f, 3, 0x76, 0x78, 0x06}, "zR", with_table);
    const uintptr_t pc = module.function() + 5;
    for (size_t i = 0; i < module.function() - module.info().start; ++i) {
      CallFrameInfo cut = module.info();
      cut.end = cut.start + i;
      describe_frame(cut, pc);
      for (int bit = 0; bit < 8; ++bit) {
        module.bytes()[i] ^= static_cast<uint8_t>(1 << bit);
        describe_frame(module.info(), pc);
        module.bytes()[i] ^= static_cast<uint8_t>(1 << bit);
      }
    }
    EXPECT_EQ(describe_frame(module.info(), pc).rule, whole.rule(5));
  }
}

// The begins of the functions that a walk passed, innermost first.
struct Walked {
  std::vector<uintptr_t> functions;
  bool outermost = false;
  bool signal = false;
};
Walked g_walked;

[[gnu::noipa]] void walk_here() {
  g_walked = Walked{};
  Registers at = callers_registers(CISTERN_OWN_FRAME);
  const uintptr_t high = stack_end(at.stack_pointer);
  for (int i = 0; i < 100; ++i) {
    const FrameDescription frame = describe_frame(find_code(at.instruction()), at.instruction());
    g_walked.functions.push_back(frame.function);
    g_walked.signal = g_walked.signal || frame.rule.address == FrameAddress::kSignal;
    g_walked.outermost = frame.rule.address == FrameAddress::kOutermost;
    if (!step(frame.rule, at, high)) return;
  }
}

// Whether the walk passed `function` at index `from` or later; `from` becomes the index behind it.
bool went_through(const void* function, size_t& from) {
  for (size_t i = from; i < g_walked.functions.size(); ++i) {
    if (g_walked.functions[i] != reinterpret_cast<uintptr_t>(function)) continue;
    from = i + 1;
    return true;
  }
  return false;
}

[[gnu::noipa]] int compare(const void* a, const void* b) {
  walk_here();
  asm volatile("");
  return *static_cast<const int*>(a) - *static_cast<const int*>(b);
}
[[gnu::noipa]] void sort_something(int count) {
  auto* const numbers = static_cast<int*>(__builtin_alloca(static_cast<size_t>(count) * sizeof(int)));
  for (int i = 0; i < count; ++i) numbers[i] = count - i;
  qsort(numbers, static_cast<size_t>(count), sizeof(int), compare);
  asm volatile("");
}
struct alignas(128) Wide {
  char bytes[128];
};
[[gnu::noipa]] void with_aligned_stack(int count) {
  Wide wide;
  std::memset(&wide, count, sizeof wide);
  asm volatile("" : : "r"(&wide) : "memory");
  sort_something(count);
  asm volatile("" : : "r"(&wide) : "memory");
}

TEST(Walk, FollowsLibraryCodeAndAllKindsOfFramesToTheOutermost) {
  prepare_module_search();
  with_aligned_stack(7);
  size_t from = 0;
  EXPECT_TRUE(went_through(reinterpret_cast<void*>(compare), from));
  EXPECT_TRUE(went_through(reinterpret_cast<void*>(sort_something), from));
  EXPECT_TRUE(went_through(reinterpret_cast<void*>(with_aligned_stack), from));
  EXPECT_TRUE(g_walked.outermost);
}

void on_signal(int) {
  walk_here();
  asm volatile("");
}
[[gnu::noipa]] void trap() {
  asm volatile("ud2");
  asm volatile("");
}
void skip_trap(int, siginfo_t*, void* context) {
  on_signal(0);
  auto* const registers = &static_cast<ucontext_t*>(context)->uc_mcontext.gregs[0];
  registers[REG_RIP] += 2;
}

TEST(Walk, FollowsASignalToTheInterruptedInstruction) {
  prepare_module_search();
  struct sigaction action {};
  struct sigaction old {};
  action.sa_sigaction = skip_trap;
  action.sa_flags = SA_SIGINFO;
  ASSERT_EQ(sigaction(SIGILL, &action, &old), 0);
  trap();
  sigaction(SIGILL, &old, nullptr);
  size_t from = 0;
  EXPECT_TRUE(went_through(reinterpret_cast<void*>(skip_trap), from));
  EXPECT_TRUE(went_through(reinterpret_cast<void*>(trap), from));
  EXPECT_TRUE(g_walked.signal);
  EXPECT_TRUE(g_walked.outermost);
}

TEST(CodeTable, ForgetsEverythingWhenInvalidated) {
  CodeTable table;
  const Registers at{0x1234, 0, 0, false};
  const Registers interrupted{0x1234, 0, 0, true};
  NativeCode code{at_stack_pointer(8), 3, 0x34, CodeRole::kEvaluation};
  table.add(at, code);
  code = {};
  ASSERT_TRUE(table.find(at, code));
  EXPECT_EQ(code.module, 3u);
  EXPECT_EQ(code.role, CodeRole::kEvaluation);
  EXPECT_FALSE(table.find(interrupted, code));
  const uint32_t generation = table.generation();
  table.invalidate();
  EXPECT_NE(table.generation(), generation);
  EXPECT_FALSE(table.find(at, code));
  for (uintptr_t pc = 1; pc <= 20'000; ++pc) table.add({pc, 0, 0, false}, {at_stack_pointer(16), 1, uint32_t(pc), {}});
  ASSERT_TRUE(table.find({19'999, 0, 0, false}, code));
  EXPECT_EQ(code.address, 19'999u);
}

// As for libraries that are loaded and unloaded again and again.
TEST(CodeTable, FindsEntriesAfterManyInvalidations) {
  CodeTable table;
  table.limit(64 << 20);
  const Registers at{0x1234, 0, 0, false};
  for (uint32_t round = 1; round < 5'000; ++round) {
    NativeCode code{};
    ASSERT_FALSE(table.find(at, code));
    table.add(at, {at_stack_pointer(16), round, 0, {}});
    ASSERT_TRUE(table.find(at, code)) << round;
    ASSERT_EQ(code.module, round);
    table.invalidate();
  }
}

}  // namespace
}  // namespace cistern::preload
