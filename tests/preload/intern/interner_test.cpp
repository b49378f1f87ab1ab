#include <random>
#include <thread>

#include "preload/intern/interner.h"
#include "tests/builders/fake_python.h"
#include "tests/builders/temporary_segment_store.h"

namespace cistern::preload {
namespace {

struct Interning {
  explicit Interning(uint64_t max_table_bytes = uint64_t{1} << 30, bool codes_watched = true) {
    EXPECT_TRUE(records->begin(*temporary.segments, 0));
    interner->begin(*records, max_table_bytes, codes_watched);
  }
  template <typename Record>
  std::vector<Record> written(std::vector<std::string>& keep) {
    EXPECT_TRUE(records->flush());
    std::vector<Record> found;
    keep.reserve(keep.size() + 100'000);
    for (const auto& [type, payload] : temporary.records()) {
      if (type != Record::kType) continue;
      keep.push_back(payload);
      found.push_back(TemporarySegmentStore::parse<Record>(keep.back()));
    }
    return found;
  }

  TemporarySegmentStore temporary;
  std::unique_ptr<RecordStream> records = std::make_unique<RecordStream>();
  std::unique_ptr<Interner> interner = std::make_unique<Interner>();
  std::vector<std::string> keep;
};

NodeKey python_frame(uint32_t code, int64_t offset) {
  return NodeKey{NodeKind::kPython, code, offset};
}

TEST(Interner, DefinesEachThingOnceBeforeItsIdIsHandedOut) {
  Interning it;
  const StackId root = it.interner->node(StackId{}, python_frame(1, 2));
  const StackId leaf = it.interner->node(root, python_frame(2, 40));
  EXPECT_EQ(it.interner->node(StackId{}, python_frame(1, 2)), root);
  EXPECT_EQ(it.interner->node(root, python_frame(2, 40)), leaf);
  EXPECT_NE(it.interner->node(root, python_frame(2, 42)), leaf);
  EXPECT_NE(it.interner->node(StackId{}, NodeKey{NodeKind::kBoundary, 1, 2}), root);
  const auto nodes = it.written<StackNodeRecord>(it.keep);
  ASSERT_EQ(nodes.size(), 4u);
  EXPECT_EQ(nodes[1].parent, root);
  EXPECT_EQ(nodes[1].b, 40);
}

TEST(Interner, KeepsIdsWhileItsTablesGrow) {
  Interning it;
  std::map<int64_t, StackId> known;
  for (int64_t i = 0; i < 50'000; ++i) known[i] = it.interner->node(StackId{}, python_frame(3, i));
  for (const auto& [offset, id] : known) ASSERT_EQ(it.interner->node(StackId{}, python_frame(3, offset)), id);
  EXPECT_EQ(it.written<StackNodeRecord>(it.keep).size(), known.size());
}

TEST(Interner, GivesRacingThreadsTheSameIds) {
  Interning it;
  std::vector<StackId> ids[4];
  std::vector<std::thread> threads;
  for (auto& mine : ids) {
    threads.emplace_back([&it, &mine] {
      StackId parent{};
      for (int64_t i = 0; i < 20'000; ++i) {
        if (i % 50 == 0) parent = StackId{};
        parent = it.interner->node(parent, python_frame(9, i % 977));
        mine.push_back(parent);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& mine : ids) EXPECT_EQ(mine, ids[0]);
}

TEST(Interner, FindsTheSameNodesWithAndWithoutPrediction) {
  Interning it;
  StackId last{};
  for (int round = 0; round < 3; ++round) {
    for (int64_t i = 0; i < 10'000; ++i) {
      const int64_t offset = round == 2 ? i * 7 % 10'000 : i;  // another order: every prediction is wrong
      const StackId parent{static_cast<uint32_t>(offset % 3)};
      const StackId found = it.interner->node_after(last, parent, python_frame(5, offset));
      ASSERT_EQ(found, it.interner->node(parent, python_frame(5, offset)));
      last = found;
    }
  }
  EXPECT_EQ(it.written<StackNodeRecord>(it.keep).size(), 10'000u);
}

TEST(Interner, GivesRacingThreadsTheRightNodesWhenTheyShareNextNodes) {
  Interning it;
  std::atomic<uint64_t> wrong{0};
  std::vector<std::thread> threads;
  for (uint32_t number = 0; number < 4; ++number) {
    threads.emplace_back([&it, &wrong, number] {
      std::mt19937 random(number);
      StackId last{};
      for (int i = 0; i < 100'000; ++i) {
        const int64_t offset = random() % 16 != 0 ? i % 6'000 : static_cast<int64_t>(random() % 6'000);
        last = it.interner->node_after(last, StackId{}, python_frame(9, offset));
        if (last != it.interner->node(StackId{}, python_frame(9, offset))) wrong.fetch_add(1);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0u);
}

TEST(Interner, PredictsNoNodeFromBeforeARestart) {
  Interning it;
  FakePython fake(11);
  const StackId first = it.interner->node(StackId{}, python_frame(1, 2));
  const StackId second = it.interner->node_after(first, StackId{}, python_frame(1, 4));
  EXPECT_EQ(it.interner->node_after(first, StackId{}, python_frame(1, 4)), second);
  it.interner->restart_definitions(fake.python(), nullptr, 0);
  const StackId again = it.interner->node_after(first, StackId{}, python_frame(1, 4));
  EXPECT_GT(raw(again), raw(second)) << "an id from before is not defined any more";
  EXPECT_EQ(it.interner->node_after(again, StackId{}, python_frame(1, 4)), again);
  it.interner->abandon();
  EXPECT_EQ(raw(it.interner->node_after(second, StackId{}, python_frame(1, 4))), 1u) << "ids count from 1 again";
}

TEST(Interner, CollapsesStacksIntoOneNodeWhenTheTableIsFull) {
  Interning it(1 << 20);
  StackId full{};
  int64_t kept = 0;
  while (it.interner->stack_table_full() == 0) full = it.interner->node(StackId{}, python_frame(1, kept++));
  EXPECT_EQ(it.interner->node(StackId{}, python_frame(1, kept)), full);
  EXPECT_EQ(it.interner->node(full, python_frame(1, 0)), full) << "and what lies above it is part of the same stack";
  EXPECT_EQ(it.interner->stack_table_full(), 2u);
  EXPECT_NE(it.interner->node(StackId{}, python_frame(1, 0)), full) << "what is known stays known";
  const auto nodes = it.written<StackNodeRecord>(it.keep);
  ASSERT_EQ(nodes.size(), static_cast<size_t>(kept));
  EXPECT_EQ(nodes.back().kind, NodeKind::kTruncated);
  EXPECT_EQ(nodes.back().a, static_cast<uint32_t>(TruncationReason::kStackTableFull));
}

TEST(Interner, MapsNoMoreThanItsLimit) {
  constexpr uint64_t kLimit = 4 << 20;
  Interning it(kLimit);
  FakePython fake(11);
  uint8_t* const code = fake.code("/a.py", "f", 1);
  const uint64_t before = own_bytes();
  for (int64_t i = 0; i < 200'000; ++i) {
    it.interner->node(StackId{}, python_frame(1, i));
    EXPECT_NE(raw(it.interner->string(std::to_string(i))), 0u) << "a string without space is written again";
  }
  EXPECT_GT(it.interner->stack_table_full(), 0u);
  EXPECT_LE(own_bytes() - before, kLimit);
  EXPECT_NE(raw(it.interner->code(fake.python(), code)), 0u) << "stacks and strings leave space for code";
}

TEST(Interner, GivesNoIdToCodeObjectsBeyondTheLimit) {
  Interning it(1 << 20);
  FakePython fake(11);
  std::vector<uint8_t*> codes;
  for (int i = 0; i < 4'000; ++i) codes.push_back(fake.code("/a.py", "f" + std::to_string(i), 1));
  std::vector<CodeId> ids;
  for (const uint8_t* code : codes) ids.push_back(it.interner->code(fake.python(), code));
  const auto unknown = static_cast<uint64_t>(std::count(ids.begin(), ids.end(), CodeId{}));
  EXPECT_GT(unknown, 0u);
  EXPECT_EQ(it.interner->stack_table_full(), unknown);
  EXPECT_EQ(it.interner->code(fake.python(), codes[0]), ids[0]);
}

TEST(Interner, GivesAFreedAddressANewCodeId) {
  Interning it;
  FakePython fake(11);
  uint8_t* const code = fake.code("/a.py", "f", 1);
  const CodeId first = it.interner->code(fake.python(), code);
  EXPECT_EQ(it.interner->code(fake.python(), code), first);
  const uint32_t epoch = it.interner->epoch();
  it.interner->block_freed(code + 64, 5);
  EXPECT_EQ(it.interner->epoch(), epoch) << "a block that is no code object retires nothing";
  it.interner->block_freed(code, 5);
  EXPECT_NE(it.interner->epoch(), epoch);
  const CodeId second = it.interner->code(fake.python(), code);
  EXPECT_NE(second, first) << "the same bytes at the same address are another object";
  EXPECT_EQ(it.interner->code(fake.python(), code), second);
  EXPECT_EQ(it.written<RetiredRecord>(it.keep).size(), 1u);
}

TEST(Interner, DetectsAnotherCodeAtAnAddressWhoseFreeWasMissed) {
  Interning it;
  FakePython fake(10);
  uint8_t* const code = fake.code("/a.py", "f", 1);
  const CodeId first = it.interner->code(fake.python(), code);
  fake.fill_code(code, "/a.py", "g", 1);
  EXPECT_NE(it.interner->code(fake.python(), code), first);
}

TEST(Interner, GivesTheNextCodeAtAnAddressItsOwnQualifiedName) {
  Interning it;
  FakePython fake(9);
  uint8_t* const method = fake.code("/a.py", "method", 3);
  it.interner->code(fake.python(), fake.code("/a.py", "A", 2, {method, fake.ascii("A.method")}));
  it.interner->block_freed(method, 5);  // it never ran
  it.interner->code(fake.python(), fake.code("/a.py", "B", 2, {method, fake.ascii("B.method")}));
  const CodeId id = it.interner->code(fake.python(), method);
  std::map<uint32_t, std::string> strings;
  for (const auto& text : it.written<StringRecord>(it.keep)) strings[raw(text.id)] = text.text;
  std::string name;
  for (const auto& code : it.written<CodeRecord>(it.keep)) {
    if (code.id == id) name = strings[raw(code.name)];
  }
  EXPECT_EQ(name, "B.method");
}

// The stack of a node record, root first: "code:offset" of each frame, or "?" for an unknown one.
std::string path_of(StackId node, const std::map<uint32_t, StackNodeRecord>& nodes) {
  const auto found = nodes.find(raw(node));
  if (found == nodes.end()) return raw(node) == 0 ? "" : " undefined";
  const StackNodeRecord& record = found->second;
  const std::string name = record.kind == NodeKind::kPython ? std::to_string(record.a) + ":" + std::to_string(record.b)
                           : record.kind == NodeKind::kBoundary ? "boundary"
                                                                : "?";
  return path_of(record.parent, nodes) + " " + name;
}

TEST(Interner, DefinesEverythingAgainAfterARestart) {
  Interning it;
  FakePython fake(11);
  uint8_t* const outer = fake.code("/a.py", "outer", 1);
  uint8_t* const inner = fake.code("/a.py", "inner", 9);
  uint8_t* const gone = fake.code("/a.py", "gone", 20);
  const auto frame = [&](StackId parent, uint8_t* code, int64_t offset) {
    return it.interner->node(parent, python_frame(raw(it.interner->code(fake.python(), code)), offset));
  };
  const StackId root = frame(StackId{}, outer, 2);
  const StackId start = frame(root, inner, 4);
  const StackId base = it.interner->node(start, NodeKey{NodeKind::kBoundary, 0, 0});
  const StackId lost = frame(frame(root, gone, 6), inner, -2);
  it.interner->block_freed(gone, 5);

  StackId kept[] = {start, base, lost, StackId{}};
  it.interner->restart_definitions(fake.python(), kept, 4);
  EXPECT_FALSE(it.interner->is_current(lost));
  const uint32_t first_new = raw(lost) + 1;
  const CodeId outer_again = it.interner->code(fake.python(), outer);
  const CodeId inner_again = it.interner->code(fake.python(), inner);
  EXPECT_EQ(frame(StackId{}, outer, 2), it.interner->node(StackId{}, python_frame(raw(outer_again), 2)));
  EXPECT_EQ(raw(kept[3]), 0u);

  std::map<uint32_t, StackNodeRecord> nodes;
  for (const auto& node : it.written<StackNodeRecord>(it.keep)) {
    if (raw(node.id) >= first_new) nodes.emplace(raw(node.id), node);
  }
  const std::string outer_path = " " + std::to_string(raw(outer_again)) + ":2";
  const std::string inner_name = " " + std::to_string(raw(inner_again)) + ":";
  EXPECT_EQ(path_of(kept[0], nodes), outer_path + inner_name + "4");
  EXPECT_EQ(path_of(kept[1], nodes), outer_path + inner_name + "4 boundary");
  EXPECT_EQ(path_of(kept[2], nodes), outer_path + " ?" + inner_name + "-2") << "whose code is gone is unknown";
}

TEST(Interner, DefinesNativeRunsAgainWithTheirFrames) {
  Interning it;
  FakePython fake(11);
  uint8_t* const code = fake.code("/a.py", "f", 1);
  constexpr int64_t kFarAddress = 0xc0000000;  // of a module of more than 2 GiB
  const StackId start = it.interner->node(StackId{}, NodeKey{NodeKind::kNative, 1, 0x10});
  const StackId chain = it.interner->node(start, NodeKey{NodeKind::kNative, 2, kFarAddress});
  const StackId python = it.interner->node(StackId{}, python_frame(raw(it.interner->code(fake.python(), code)), 2));
  const StackId run = it.interner->node(python, NodeKey{NodeKind::kNativeRun, raw(chain), 0});
  StackId kept[] = {it.interner->node(run, NodeKey{NodeKind::kBoundary, 0, 0})};
  it.interner->restart_definitions(fake.python(), kept, 1);

  std::map<uint32_t, StackNodeRecord> nodes;
  for (const auto& node : it.written<StackNodeRecord>(it.keep)) {
    if (raw(node.id) > raw(run) + 1) nodes.emplace(raw(node.id), node);
  }
  const StackNodeRecord boundary = nodes.at(raw(kept[0]));
  EXPECT_EQ(boundary.kind, NodeKind::kBoundary);
  const StackNodeRecord again = nodes.at(raw(boundary.parent));
  ASSERT_EQ(again.kind, NodeKind::kNativeRun);
  EXPECT_EQ(nodes.at(raw(again.parent)).kind, NodeKind::kPython);
  const StackNodeRecord inner = nodes.at(again.a);
  EXPECT_EQ(inner.kind, NodeKind::kNative);
  EXPECT_EQ(inner.b, kFarAddress);
  const StackNodeRecord outer = nodes.at(raw(inner.parent));
  EXPECT_EQ(outer.a, 1u);
  EXPECT_EQ(outer.b, 0x10);
  EXPECT_EQ(raw(outer.parent), 0u);
}

TEST(Interner, ReportsAsyncioOnce) {
  Interning it;
  FakePython fake(15);
  it.interner->code(fake.python(), fake.code("/usr/lib/python3.15/asyncio/tasks.py", "f", 1));
  it.interner->code(fake.python(), fake.code("/srv/events.py", "f", 1));
  EXPECT_FALSE(it.interner->asyncio_newly_seen());
  EXPECT_FALSE(it.interner->asyncio_seen());
  it.interner->code(fake.python(), fake.code("/usr/lib/python3.15/asyncio/events.py", "<module>", 1));
  EXPECT_TRUE(it.interner->asyncio_newly_seen());
  EXPECT_FALSE(it.interner->asyncio_newly_seen());
  it.interner->code(fake.python(), fake.code("/usr/lib/python3.15/asyncio/events.py", "f", 2));
  EXPECT_FALSE(it.interner->asyncio_newly_seen());
  EXPECT_TRUE(it.interner->asyncio_seen());
}

TEST(Interner, DefinesAwaitingFramesAgainWithTheirCode) {
  Interning it;
  FakePython fake(14);
  uint8_t* const awaits = fake.code("/a.py", "awaits", 1);
  uint8_t* const gone = fake.code("/a.py", "gone", 9);
  const uint32_t id = raw(it.interner->code(fake.python(), awaits));
  const uint32_t gone_id = raw(it.interner->code(fake.python(), gone));
  const StackId several = it.interner->node(StackId{}, NodeKey{NodeKind::kAwaiting, 0, 0});
  const StackId lost = it.interner->node(several, NodeKey{NodeKind::kAwaiting, gone_id, 4});
  const StackId awaiting = it.interner->node(lost, NodeKey{NodeKind::kAwaiting, id, 6});
  it.interner->block_freed(gone, 5);
  StackId kept[] = {awaiting};
  it.interner->restart_definitions(fake.python(), kept, 1);

  std::map<uint32_t, StackNodeRecord> nodes;
  for (const auto& node : it.written<StackNodeRecord>(it.keep)) {
    if (raw(node.id) > raw(awaiting)) nodes.emplace(raw(node.id), node);
  }
  const StackNodeRecord again = nodes.at(raw(kept[0]));
  EXPECT_EQ(again.kind, NodeKind::kAwaiting);
  EXPECT_EQ(again.a, raw(it.interner->code(fake.python(), awaits)));
  EXPECT_NE(again.a, id);
  EXPECT_EQ(again.b, 6);
  const StackNodeRecord unknown = nodes.at(raw(again.parent));
  EXPECT_EQ(unknown.kind, NodeKind::kUnknown) << "its code is gone";
  const StackNodeRecord outermost = nodes.at(raw(unknown.parent));
  EXPECT_EQ(outermost.kind, NodeKind::kAwaiting);
  EXPECT_EQ(outermost.a, 0u);
}

TEST(Interner, ReadsNoCodeObjectOnARestartWhenFreesAreNotSeen) {
  Interning it(uint64_t{1} << 30, false);
  FakePython fake(11);
  uint8_t* const code = fake.code("/a.py", "f", 1);
  StackId kept[] = {it.interner->node(StackId{}, python_frame(raw(it.interner->code(fake.python(), code)), 2))};
  it.interner->restart_definitions(fake.python(), kept, 1);
  const auto nodes = it.written<StackNodeRecord>(it.keep);
  EXPECT_EQ(nodes.back().id, kept[0]);
  EXPECT_EQ(nodes.back().kind, NodeKind::kUnknown);
}

TEST(Interner, KeepsQualifiedNamesAcrossARestartAndAFork) {
  Interning it;
  FakePython fake(9);
  uint8_t* const method = fake.code("/a.py", "method", 3);
  uint8_t* const body = fake.code("/a.py", "C", 2, {method, fake.ascii("C.method")});
  it.interner->code(fake.python(), body);
  it.interner->block_freed(body, 5);
  it.interner->restart_definitions(fake.python(), nullptr, 0);
  const auto name_of = [&](CodeId id) {
    std::string name;
    std::map<uint32_t, std::string> strings;
    for (const auto& text : it.written<StringRecord>(it.keep)) strings[raw(text.id)] = text.text;
    for (const auto& code : it.written<CodeRecord>(it.keep)) {
      if (code.id == id) name = strings[raw(code.name)];
    }
    return name;
  };
  EXPECT_EQ(name_of(it.interner->code(fake.python(), method)), "C.method");
}

TEST(Interner, LearnsQualifiedNamesFromTheEnclosingConstants) {
  Interning it;
  FakePython fake(9);
  uint8_t* const method = fake.code("/a.py", "method", 3);
  uint8_t* const twin = fake.code("/a.py", "method", 9);
  uint8_t* const body = fake.code("/a.py", "C", 2, {method, fake.ascii("C.method"), twin});
  uint8_t* const module = fake.code("/a.py", "<module>", 1, {fake.ascii("C.other"), body, fake.ascii("C")});
  for (const uint8_t* code : {module, body, method, twin}) it.interner->code(fake.python(), code);
  std::map<uint32_t, std::string> strings;
  for (const auto& record : it.written<StringRecord>(it.keep)) strings[raw(record.id)] = record.text;
  std::vector<std::string> names;
  for (const auto& record : it.written<CodeRecord>(it.keep)) names.push_back(strings[raw(record.name)]);
  EXPECT_EQ(names, (std::vector<std::string>{"<module>", "C", "C.method", "C.method"}));
}

TEST(Interner, WritesLongLineTablesInPieces) {
  Interning it;
  FakePython fake(12);
  uint8_t* const code = fake.code("/long.py", "f", 1);
  std::string table(3 * kMaxTextBytes + 17, '\0');
  for (size_t i = 0; i < table.size(); ++i) table[i] = static_cast<char>(i * 7);
  FakePython::store<uint8_t*>(code, fake.layout().line_table, fake.bytes(table));
  it.interner->code(fake.python(), code);
  std::string read;
  for (const auto& piece : it.written<LineTableRecord>(it.keep)) {
    EXPECT_EQ(piece.offset, read.size());
    read += piece.bytes;
  }
  EXPECT_EQ(read, table);
}

TEST(Interner, ForgetsEverythingInAForkedChild) {
  Interning it;
  FakePython fake(11);
  const uint8_t* const code = fake.code("/a.py", "f", 1);
  const CodeId before = it.interner->code(fake.python(), code);
  it.interner->abandon();
  EXPECT_EQ(it.interner->code(fake.python(), code), before) << "ids count from 1 again";
  EXPECT_EQ(it.written<CodeRecord>(it.keep).size(), 2u) << "and what they name is defined again";
}

}  // namespace
}  // namespace cistern::preload
