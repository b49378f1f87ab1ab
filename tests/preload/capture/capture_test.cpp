#include <random>

#include "preload/capture/python_stack.h"
#include "tests/builders/fake_python.h"
#include "tests/builders/temporary_segment_store.h"

namespace cistern::preload {
namespace {

class EveryVersion : public testing::TestWithParam<PythonBuild> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(records_->begin(*temporary_.segments, 0));
    interner_->begin(*records_, uint64_t{1} << 30, true);
  }

  // The node of a stack, looked up frame by frame, which every capture must return.
  StackId expected(FakePython& fake, const std::vector<std::pair<const uint8_t*, int>>& frames, StackId base = {}) {
    StackId node = base;
    for (const auto& [code, offset] : frames) {
      if (code == nullptr) continue;
      node = interner_->node(node, NodeKey{NodeKind::kPython, raw(interner_->code(fake.python(), code)), offset});
    }
    return node;
  }

  static StackId captured_root(FakePython& fake, Interner& interner, const uint8_t* module) {
    return interner.node(StackId{}, NodeKey{NodeKind::kPython, raw(interner.code(fake.python(), module)), 4});
  }

  TemporarySegmentStore temporary_;
  std::unique_ptr<RecordStream> records_ = std::make_unique<RecordStream>();
  std::unique_ptr<Interner> interner_ = std::make_unique<Interner>();
};
INSTANTIATE_TEST_SUITE_P(Python3, EveryVersion, testing::ValuesIn(all_builds()));

// A random program: calls, returns, moves to other lines, generators that are resumed from elsewhere, code objects that
// are freed and replaced at the same address. Frames are reused as an interpreter does.
TEST_P(EveryVersion, AgreesWithLookingUpEveryFrameOnRandomPrograms) {
  FakePython fake(GetParam());
  std::mt19937 random(GetParam().minor);
  std::vector<uint8_t*> codes, pool;
  for (int i = 0; i < 12; ++i) codes.push_back(fake.code("/p.py", "f" + std::to_string(i), i));
  for (int i = 0; i < 200; ++i) pool.push_back(fake.block(512));
  // No code: an entry frame.
  std::vector<std::pair<const uint8_t*, int>> frames;
  const bool entry_frames = has_entry_frames(fake.layout());
  PythonStack stack;
  int roots = 0;
  const uint8_t* last_root = nullptr;
  for (int step = 0; step < 60'000; ++step) {
    const auto choice = static_cast<unsigned>(random() % 100);
    if (choice < 35 && frames.size() < 150) {
      const auto calls = static_cast<unsigned>(choice < 2 ? 40 : 1 + random() % 3);
      for (unsigned i = 0; i < calls && frames.size() < 190; ++i) {
        if (entry_frames && random() % 4 == 0) frames.emplace_back(nullptr, 0);
        frames.emplace_back(codes[random() % codes.size()], static_cast<int>(random() % 20) * 2);
      }
    } else if (choice < 65 && !frames.empty()) {
      const size_t returns = choice < 37 ? frames.size() : 1 + random() % 3;
      frames.resize(frames.size() - std::min(frames.size(), returns));
    } else if (choice < 95 && !frames.empty()) {
      frames[choice < 90 ? frames.size() - 1 : random() % frames.size()].second = static_cast<int>(random() % 20) * 2;
    } else if (choice == 99) {
      uint8_t* const freed = codes[random() % codes.size()];
      bool on_stack = false;
      for (const auto& [code, offset] : frames) on_stack = on_stack || code == freed;
      if (!on_stack) {
        interner_->block_freed(freed, 1);
        fake.fill_code(freed, "/p.py", "g", static_cast<int>(step));
      }
    }
    for (size_t i = 0; i < frames.size(); ++i) {
      const uint8_t* const caller = i == 0 ? nullptr : pool[i - 1];
      if (frames[i].first == nullptr) {
        fake.fill_entry_frame(pool[i], caller);
      } else {
        fake.fill_frame(pool[i], caller, frames[i].first, frames[i].second);
      }
    }
    const uint8_t* const innermost = frames.empty() ? nullptr : pool[frames.size() - 1];
    bool root_changed = false;
    ASSERT_EQ(stack.capture(fake.python(), *interner_, innermost, StackId{}, root_changed), expected(fake, frames))
        << "step " << step;
    const uint8_t* root = nullptr;
    for (size_t i = 0; i < frames.size() && root == nullptr; ++i) root = frames[i].first;
    EXPECT_TRUE(root == last_root || root_changed);
    roots += root != last_root ? 1 : 0;
    last_root = root;
  }
  EXPECT_GT(roots, 100);
}

TEST_P(EveryVersion, ContinuesWithTheStackThatStartedTheThread) {
  FakePython fake(GetParam());
  const uint8_t* const code = fake.code("/t.py", "run", 1);
  const uint8_t* const frame = fake.frame(nullptr, code, 4);
  PythonStack stack;
  bool changed = false;
  const StackId base = interner_->node(StackId{}, NodeKey{NodeKind::kBoundary, 0, 0});
  EXPECT_EQ(stack.capture(fake.python(), *interner_, nullptr, base, changed), base);
  EXPECT_EQ(stack.capture(fake.python(), *interner_, frame, base, changed), expected(fake, {{code, 4}}, base));
  EXPECT_EQ(stack.capture(fake.python(), *interner_, frame, StackId{}, changed), expected(fake, {{code, 4}}));
}

TEST_P(EveryVersion, ReportsAChangedRootAlsoAfterCodeWasFreed) {
  FakePython fake(GetParam());
  const uint8_t* const code = fake.code("/r.py", "<module>", 1);
  const uint8_t* const freed = fake.code("/r.py", "gone", 2);
  uint8_t* const frame = fake.frame(nullptr, code, 4);
  const uint8_t* const called = fake.frame(frame, freed, 4);
  PythonStack stack;
  const auto changes = [&](const uint8_t* innermost) {
    bool changed = false;
    stack.capture(fake.python(), *interner_, innermost, StackId{}, changed);
    return changed;
  };
  EXPECT_TRUE(changes(called));
  EXPECT_FALSE(changes(frame));
  interner_->block_freed(freed, 1);
  EXPECT_TRUE(changes(frame));  // it may have changed: another code object may lie at its address
  EXPECT_FALSE(changes(frame));
  EXPECT_FALSE(changes(called));
  interner_->block_freed(freed, 2);
  EXPECT_TRUE(changes(nullptr));
  EXPECT_FALSE(changes(nullptr));
}

// If frees are not seen, an address may mean another code object, so ids must not be cached by address.
TEST_P(EveryVersion, LooksCodeUpAgainWhenFreesAreNotSeen) {
  const auto unwatched = std::make_unique<Interner>();
  unwatched->begin(*records_, uint64_t{1} << 30, false);
  FakePython fake(GetParam());
  uint8_t* const module = fake.code("/m.py", "<module>", 1);
  uint8_t* const code = fake.code("/m.py", "f", 2);
  uint8_t* const other = fake.code("/m.py", "g", 3);
  uint8_t* const root = fake.frame(nullptr, module, 4);
  uint8_t* const called = fake.frame(root, code, 6);
  PythonStack stack;
  bool changed = false;
  const auto captured = [&] { return stack.capture(fake.python(), *unwatched, called, StackId{}, changed); };
  const StackId first = captured();
  fake.fill_frame(called, root, other, 6);
  captured();
  fake.fill_code(code, "/m.py", "later", 7);
  fake.fill_frame(called, root, code, 6);
  const StackId later = captured();
  EXPECT_NE(later, first);
  EXPECT_EQ(later, unwatched->node(captured_root(fake, *unwatched, module),
                                   NodeKey{NodeKind::kPython, raw(unwatched->code(fake.python(), code)), 6}));
}

TEST_P(EveryVersion, CapturesVeryDeepStacks) {
  FakePython fake(GetParam());
  const uint8_t* const code = fake.code("/d.py", "recurse", 1);
  uint8_t* frame = nullptr;
  std::vector<std::pair<const uint8_t*, int>> frames;
  PythonStack stack;
  bool changed = false;
  for (int depth = 0; depth < 5'000; ++depth) {
    frame = fake.frame(frame, code, 6);
    frames.emplace_back(code, 6);
  }
  EXPECT_EQ(stack.capture(fake.python(), *interner_, frame, StackId{}, changed), expected(fake, frames));
}

class VersionsWithEntryFrames : public EveryVersion {};
INSTANTIATE_TEST_SUITE_P(Python3, VersionsWithEntryFrames, testing::ValuesIn(builds_where(has_entry_frames)));

TEST_P(VersionsWithEntryFrames, GiveEntryFramesNoNodeAndNoRoot) {
  FakePython fake(GetParam());
  const uint8_t* const code = fake.code("/e.py", "f", 1);
  uint8_t* const base = fake.block(512);
  uint8_t* const entry = fake.block(512);
  fake.fill_entry_frame(base, nullptr);
  fake.fill_entry_frame(entry, base);
  const uint8_t* const frame = fake.frame(entry, code, 8);
  PythonStack stack;
  bool changed = false;
  EXPECT_EQ(stack.capture(fake.python(), *interner_, base, StackId{}, changed), StackId{});
  EXPECT_EQ(stack.root_code(), nullptr);
  EXPECT_FALSE(changed);
  EXPECT_EQ(stack.capture(fake.python(), *interner_, frame, StackId{}, changed), expected(fake, {{code, 8}}));
  EXPECT_EQ(stack.root_code(), code);
  EXPECT_TRUE(changed);
  EXPECT_EQ(stack.capture(fake.python(), *interner_, entry, StackId{}, changed), StackId{});
  EXPECT_EQ(stack.root_code(), nullptr);
}

class VersionsWithInitCleanup : public EveryVersion {};
INSTANTIATE_TEST_SUITE_P(Python3, VersionsWithInitCleanup,
                         testing::ValuesIn(builds_where([](const PythonLayout& layout) {
                           return layout.has_init_cleanup;
                         })));

TEST_P(VersionsWithInitCleanup, LeaveItsFrameOut) {
  FakePython fake(GetParam());
  uint8_t* const cleanup = fake.code("__init__", "__init__", 0);
  FakePython::store<const uint8_t*>(cleanup, fake.layout().name, file_of(fake.layout(), cleanup));
  const uint8_t* const caller = fake.code("/a.py", "f", 1);
  const uint8_t* const init = fake.code("__init__", "__init__", 2);  // a file of that name
  uint8_t* const outer = fake.frame(nullptr, caller, 4);
  uint8_t* const between = fake.frame(outer, cleanup, 0);
  const uint8_t* const inner = fake.frame(between, init, 6);
  PythonStack stack;
  bool changed = false;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(stack.capture(fake.python(), *interner_, inner, StackId{}, changed),
              expected(fake, {{caller, 4}, {init, 6}}));
    EXPECT_EQ(stack.capture(fake.python(), *interner_, between, StackId{}, changed), expected(fake, {{caller, 4}}));
  }
}

class VersionsWithTags : public EveryVersion {};
INSTANTIATE_TEST_SUITE_P(Python3, VersionsWithTags, testing::ValuesIn(builds_where([](const PythonLayout& layout) {
                           return layout.minor >= 14;
                         })));

TEST_P(VersionsWithTags, RemoveTheTagOfCodeAndRefuseOtherObjects) {
  FakePython fake(GetParam());
  const uint8_t* const code = fake.code("/t.py", "f", 1);
  const StackId unknown = interner_->node(StackId{}, NodeKey{NodeKind::kUnknown, 0, 0});
  const auto seen_with = [&](uint64_t reference) {
    uint8_t* const frame = fake.frame(nullptr, code, 8);
    FakePython::store<uint64_t>(frame, fake.layout().code, reference);
    PythonStack stack;
    bool changed = false;
    return stack.capture(fake.python(), *interner_, frame, StackId{}, changed);
  };
  const auto address = reinterpret_cast<uint64_t>(code);
  EXPECT_EQ(seen_with(address), expected(fake, {{code, 8}}));
  EXPECT_EQ(seen_with(address | 1), expected(fake, {{code, 8}}));
  EXPECT_EQ(seen_with(1), unknown);           // PyStackRef_NULL
  EXPECT_EQ(seen_with(7 << 2 | 3), unknown);  // an int
  EXPECT_EQ(seen_with(reinterpret_cast<uint64_t>(fake.ascii("no code"))), unknown);
}

}  // namespace
}  // namespace cistern::preload
