// Native frames in stacks: runs of native nodes that are defined once and used by many stacks.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "analyzer/symbols/stack_resolver.h"
#include "tests/builders/recording.h"

namespace cistern::analyzer {
namespace {

class NativeStacks : public testing::Test {
 protected:
  NativeStacks() {
    ModuleRecord module;
    module.id = ModuleId{1};
    module.path = "/srv/_fast.so";
    recording_.record(module);
  }
  StackId native(StackId caller, int64_t address) { return recording_.node(caller, NodeKind::kNative, 1, address); }
  StackId run(StackId caller, StackId innermost) {
    return recording_.node(caller, NodeKind::kNativeRun, raw(innermost), 0);
  }
  // Reads the recording, and names a stack's frames, innermost first.
  std::vector<std::string> frames(StackId stack) {
    const Profile profile = recording_.read();
    CallTree tree;
    StackResolver resolver(profile.images.front(), tree);
    std::vector<std::string> names;
    for (const Frame* frame : tree.stack(resolver.node_of(stack))) {
      names.push_back(frame->kind == FrameKind::kNative
                          ? std::string(frame->module) + " " + std::to_string(frame->address)
                          : std::string(frame->function));
    }
    return names;
  }
  using Names = std::vector<std::string>;

  Recording recording_;
};

TEST_F(NativeStacks, NativeRunLiesBetweenItsCallerAndItsCallee) {
  const StackId main = recording_.stack({{"main", "app.py", 3}});
  const StackId outer = native({}, 0x100);
  const StackId inner = native(outer, 0x200);
  const StackId above = run(main, inner);
  const StackId callback =
      recording_.node(above, NodeKind::kPython, raw(recording_.code({"callback", "app.py", 9})), -1);
  EXPECT_EQ(frames(callback), (Names{"callback", "/srv/_fast.so 512", "/srv/_fast.so 256", "main"}));
}

TEST_F(NativeStacks, OneRunCanBelongToSeveralStacks) {
  const StackId chain = native(native({}, 0x100), 0x200);
  const StackId first = run(recording_.stack({{"first", "app.py", 3}}), chain);
  const StackId second = run(recording_.stack({{"second", "app.py", 4}}), chain);
  EXPECT_EQ(frames(first), (Names{"/srv/_fast.so 512", "/srv/_fast.so 256", "first"}));
  EXPECT_EQ(frames(second), (Names{"/srv/_fast.so 512", "/srv/_fast.so 256", "second"}));
  EXPECT_EQ(frames(run({}, chain)), (Names{"/srv/_fast.so 512", "/srv/_fast.so 256"}));
}

TEST_F(NativeStacks, FunctionsThatStartEveryThreadAreLeftOut) {
  recording_.record(SymbolRecord{ModuleId{1}, 0x100, 0, SymbolSource::kSymbolTable, 0, "clone3", ""});
  recording_.record(SymbolRecord{ModuleId{1}, 0x200, 0, SymbolSource::kSymbolTable, 0, "start_thread", ""});
  recording_.record(SymbolRecord{ModuleId{1}, 0x300, 0, SymbolSource::kSymbolTable, 0, "started_thread", ""});
  const StackId stack = run({}, native(native(native({}, 0x100), 0x200), 0x300));
  EXPECT_EQ(frames(stack), (Names{"/srv/_fast.so 768"}));
}

TEST_F(NativeStacks, LibcIsLeftOutOnlyAtTheBeginOfAStack) {
  ModuleRecord libc;
  libc.id = ModuleId{2};
  libc.path = "/lib/libc.so.6";
  recording_.record(libc);
  const auto in_libc = [this](StackId caller, int64_t address) {
    return recording_.node(caller, NodeKind::kNative, 2, address);
  };
  const StackId chain = in_libc(native(in_libc(in_libc({}, 0x10), 0x20), 0x100), 0x30);
  EXPECT_EQ(frames(run({}, chain)), (Names{"/lib/libc.so.6 48", "/srv/_fast.so 256"}));
  const StackId boundary = recording_.node(run({}, native({}, 0x300)), NodeKind::kBoundary, 0, 0);
  EXPECT_EQ(frames(run(boundary, chain)),
            (Names{"/lib/libc.so.6 48", "/srv/_fast.so 256", "[thread started at]", "/srv/_fast.so 768"}));
  const StackId main = recording_.stack({{"main", "app.py", 3}});
  EXPECT_EQ(frames(run(main, in_libc(in_libc({}, 0x10), 0x20))),
            (Names{"/lib/libc.so.6 32", "/lib/libc.so.6 16", "main"}));
}

TEST_F(NativeStacks, EndOfUnwindingIsTheOutermostFrameOfARun) {
  const StackId main = recording_.stack({{"main", "app.py", 3}});
  const StackId unknown = recording_.node({}, NodeKind::kUnknown, 0, 0);
  const StackId cut = recording_.node({}, NodeKind::kTruncated, static_cast<uint32_t>(TruncationReason::kDepth), 0);
  EXPECT_EQ(frames(run(main, native(unknown, 0x10))), (Names{"/srv/_fast.so 16", "[unknown]", "main"}));
  EXPECT_EQ(frames(run(main, native(cut, 0x10))), (Names{"/srv/_fast.so 16", "[deeper frames were cut]", "main"}));
}

TEST_F(NativeStacks, NodeOfAnotherKindIsUnknownAndEndsTheRun) {
  const StackId main = recording_.stack({{"main", "app.py", 3}});
  const StackId chain = native({}, 0x10);
  const StackId nested = run({}, chain);
  EXPECT_EQ(frames(run(main, native(nested, 0x20))), (Names{"/srv/_fast.so 32", "[unknown]", "main"}));
  EXPECT_EQ(frames(run(main, native(main, 0x20))), (Names{"/srv/_fast.so 32", "[unknown]", "main"}));
  EXPECT_EQ(frames(run(main, {})), (Names{"[unknown]", "main"}));
}

TEST_F(NativeStacks, RunOfNodesThatAreDefinedLaterIsUnknown) {
  recording_.record(StackNodeRecord{StackId{1}, StackId{}, NodeKind::kNativeRun, 1, 0});
  recording_.record(StackNodeRecord{StackId{2}, StackId{}, NodeKind::kNativeRun, 3, 0});
  EXPECT_EQ(frames(StackId{1}), Names{"[unknown]"});
  EXPECT_EQ(frames(StackId{2}), Names{"[unknown]"});
  EXPECT_EQ(recording_.read().images.front().damage.malformed_records, 2u);
}

TEST_F(NativeStacks, TooLongARunIsTruncated) {
  StackId chain{};
  for (int64_t address = 1; address < 2000; ++address) chain = native(chain, address);
  const Names names = frames(run(recording_.stack({{"main", "app.py", 3}}), chain));
  ASSERT_EQ(names.size(), StackResolver::kMaxRunFrames + 2);
  EXPECT_EQ(names.front(), "/srv/_fast.so 1999");
  EXPECT_EQ(names[names.size() - 2], "[cut]");
  EXPECT_EQ(names.back(), "main");
}

}  // namespace
}  // namespace cistern::analyzer
