#include <gtest/gtest.h>

#include <random>
#include <set>

#include "preload/capture/python_stack.h"
#include "preload/capture/reference_walker.h"
#include "tests/builders/fake_python.h"
#include "tests/builders/temporary_segment_store.h"

namespace cistern::preload {
namespace {

using Frames = std::vector<std::pair<const uint8_t*, int>>;  // code and offset, outermost first

// Tasks, futures and coroutines as _asyncio and the interpreter lay them out.
class FakeTasks {
 public:
  explicit FakeTasks(PythonBuild build) : python(build), layout(python.layout().tasks) {
    python.look_at_tasks();
    task_type = type("_asyncio.Task", layout.task_bytes, kImmutableType, nullptr);
  }

  uint8_t* type(const char* name, uint64_t bytes, uint64_t flags, const uint8_t* base) {
    uint8_t* const made = python.block(512);
    FakePython::store<const char*>(made, kTypeName, name);
    FakePython::store<uint64_t>(made, kTypeBasicSize, bytes);
    FakePython::store<uint64_t>(made, kTypeFlags, flags);
    FakePython::store<const uint8_t*>(made, kTypeDealloc, python.block(16));
    FakePython::store<const uint8_t*>(made, kTypeBase, base);
    return made;
  }
  uint8_t* object(const uint8_t* of_type, size_t bytes) {
    uint8_t* const made = python.block(bytes);
    FakePython::store<const uint8_t*>(made, python.layout().object_type, of_type);
    return made;
  }
  uint8_t* future() { return object(python.block(512), layout.task_bytes - 56u); }
  uint8_t* task(const uint8_t* of_type = nullptr) {
    uint8_t* const made = object(of_type == nullptr ? task_type : of_type, layout.task_bytes);
    FakePython::store<uint8_t>(made, layout.is_task, 1);
    return made;
  }
  void await(uint8_t* task, const uint8_t* awaiter, bool is_set = false) {
    FakePython::store<const uint8_t*>(task, layout.awaited_by, awaiter);
    FakePython::store<uint8_t>(task, layout.awaited_by_is_set, is_set ? 1 : 0);
  }
  uint8_t* set(const std::vector<const uint8_t*>& members) {
    uint8_t* const made = python.block(128);
    uint8_t* const table = python.block(16 * 8);
    FakePython::store<int64_t>(table, 8, -1);  // a deleted entry
    FakePython::store<const uint8_t*>(table, 0, table);
    for (size_t i = 0; i < members.size(); ++i) {
      FakePython::store<const uint8_t*>(table + 32 * (i + 1), 0, members[i]);
      FakePython::store<int64_t>(table + 32 * (i + 1), 8, 77);
    }
    FakePython::store<uint64_t>(made, layout.set_used, members.size());
    FakePython::store<uint64_t>(made, layout.set_mask, 7);
    FakePython::store<const uint8_t*>(made, layout.set_table, table);
    return made;
  }
  // A coroutine whose frame does not run and waits for `inner`. `state`: a frame state of the layout.
  uint8_t* coroutine(const uint8_t* code, int offset, const uint8_t* inner, int8_t state) {
    uint8_t* const made = object(python.python().coroutine_type, 512);
    suspend(made, code, offset, inner, state);
    return made;
  }
  void suspend(uint8_t* coroutine, const uint8_t* code, int offset, const uint8_t* inner, int8_t state) {
    uint8_t* const frame = coroutine + layout.frame;
    python.fill_frame(frame, nullptr, code, offset);
    FakePython::store<uint8_t>(frame, python.layout().owner, 1);
    FakePython::store<int8_t>(coroutine, layout.frame_state, state);
    uint8_t* const stack = coroutine + 256;
    FakePython::store<uint8_t*>(frame, layout.stack_pointer, stack);
    FakePython::store<const uint8_t*>(stack - layout.awaited_below, 0, inner);
  }
  void give(uint8_t* task, const uint8_t* coroutine) {
    FakePython::store<const uint8_t*>(task, layout.coroutine, coroutine);
  }
  void run(const uint8_t* task) { FakePython::store<const uint8_t*>(tstate, layout.running_task, task); }

  FakePython python;
  const TaskLayout& layout;
  uint8_t* task_type;
  uint8_t* tstate = python.block(2048);
};

class EveryVersionWithTasks : public testing::TestWithParam<PythonBuild> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(records_->begin(*temporary_.segments, 0));
    interner_->begin(*records_, uint64_t{1} << 30, true);
  }

  StackId node(FakeTasks& fake, NodeKind kind, const Frames& frames, StackId caller) {
    for (const auto& [code, offset] : frames) {
      const uint32_t id = raw(interner_->code(fake.python.python(), code));
      caller = interner_->node(caller, NodeKey{kind, id, offset});
    }
    return caller;
  }
  StackId calling(FakeTasks& fake, const Frames& frames, StackId caller = {}) {
    return node(fake, NodeKind::kPython, frames, caller);
  }
  StackId awaiting(FakeTasks& fake, const Frames& frames, StackId caller) {
    return node(fake, NodeKind::kAwaiting, frames, caller);
  }
  StackId captured(FakeTasks& fake, const uint8_t* innermost) {
    bool changed = false;
    const StackId seen = stack_.capture(fake.python.python(), *interner_, innermost, StackId{}, changed, fake.tstate);
    EXPECT_EQ(reference_walk(fake.python.python(), *interner_, innermost, StackId{}, fake.tstate), seen);
    return seen;
  }

  TemporarySegmentStore temporary_;
  std::unique_ptr<RecordStream> records_ = std::make_unique<RecordStream>();
  std::unique_ptr<Interner> interner_ = std::make_unique<Interner>();
  PythonStack stack_;
};
INSTANTIATE_TEST_SUITE_P(Python3, EveryVersionWithTasks, testing::ValuesIn(builds_where(has_tasks)));

// A running task: the frame of the event loop, the outermost frame of the coroutine, and a frame that it called.
class RunningTask {
 public:
  explicit RunningTask(FakeTasks& fake) : fake_(fake) {
    fake.python.fill_entry_frame(entry_, loop_frame_);
    fake.suspend(coroutine_, body, 4, nullptr, fake.layout.executing);
    FakePython::store<const uint8_t*>(frame(), fake.python.layout().previous, entry_);
    fake.python.fill_frame(innermost, frame(), called, 8);
    fake.give(task, coroutine_);
    fake.run(task);
  }
  uint8_t* frame() { return coroutine_ + fake_.layout.frame; }

 private:
  FakeTasks& fake_;

 public:
  const uint8_t* const loop = fake_.python.code("/loop.py", "run", 1);
  const uint8_t* const body = fake_.python.code("/app.py", "body", 10);
  const uint8_t* const called = fake_.python.code("/app.py", "called", 20);
  uint8_t* const task = fake_.task();
  uint8_t* const innermost = fake_.python.block(512);

 private:
  uint8_t* const loop_frame_ = fake_.python.frame(nullptr, loop, 2);
  uint8_t* const entry_ = fake_.python.block(512);
  uint8_t* const coroutine_ = fake_.object(fake_.python.python().coroutine_type, 512);
};

TEST_P(EveryVersionWithTasks, InsertAwaitingFramesBelowTheCoroutinesOutermostFrame) {
  FakeTasks fake(GetParam());
  RunningTask running(fake);
  const Frames loop = {{running.loop, 2}};
  const Frames own = {{running.body, 4}, {running.called, 8}};
  const StackId alone = calling(fake, own, calling(fake, loop));
  EXPECT_EQ(captured(fake, running.innermost), alone);

  const uint8_t* const main = fake.python.code("/app.py", "main", 30);
  const uint8_t* const sub = fake.python.code("/app.py", "sub", 40);
  uint8_t* const inner = fake.coroutine(sub, 6, fake.future(), fake.layout.awaiting);
  uint8_t* const outer = fake.coroutine(main, 2, inner, fake.layout.awaiting);
  uint8_t* const awaiter = fake.task();
  fake.give(awaiter, outer);
  fake.await(running.task, awaiter);
  EXPECT_EQ(captured(fake, running.innermost),
            calling(fake, own, awaiting(fake, {{main, 2}, {sub, 6}}, calling(fake, loop))));

  // The awaiter is at another line now, and a future, which another task awaits, awaits it.
  fake.suspend(inner, sub, 10, nullptr, fake.layout.created);
  uint8_t* const future = fake.future();
  uint8_t* const root = fake.task();
  fake.give(root, fake.coroutine(main, 8, nullptr, fake.layout.awaiting));
  fake.await(awaiter, future);
  fake.await(future, root);
  const StackId both = calling(fake, own, awaiting(fake, {{main, 8}, {main, 2}, {sub, 10}}, calling(fake, loop)));
  EXPECT_EQ(captured(fake, running.innermost), both);

  // The task's step ends while its frames still exist, and a new step begins.
  fake.run(nullptr);
  EXPECT_EQ(captured(fake, running.innermost), alone);
  fake.run(running.task);
  EXPECT_EQ(captured(fake, running.innermost), both);
  // Without the coroutine's frame on the chain there is no attach point.
  const uint8_t* const callback = fake.python.frame(nullptr, running.called, 6);
  EXPECT_EQ(captured(fake, callback), calling(fake, {{running.called, 6}}));
  EXPECT_EQ(captured(fake, running.innermost), both);
  fake.await(running.task, nullptr);
  EXPECT_EQ(captured(fake, running.innermost), alone);
}

TEST_P(EveryVersionWithTasks, FollowASetOfOneAndStopAtSeveralAwaiters) {
  FakeTasks fake(GetParam());
  RunningTask running(fake);
  const Frames own = {{running.body, 4}, {running.called, 8}};
  const StackId loop = calling(fake, {{running.loop, 2}});
  const uint8_t* const main = fake.python.code("/app.py", "main", 30);
  uint8_t* const one = fake.task();
  fake.give(one, fake.coroutine(main, 2, nullptr, fake.layout.awaiting));
  fake.await(running.task, fake.set({one}), true);
  EXPECT_EQ(captured(fake, running.innermost), calling(fake, own, awaiting(fake, {{main, 2}}, loop)));
  fake.await(running.task, fake.set({one, fake.task()}), true);
  EXPECT_EQ(captured(fake, running.innermost),
            calling(fake, own, interner_->node(loop, NodeKey{NodeKind::kAwaiting, 0, 0})));
  fake.await(running.task, fake.set({}), true);
  EXPECT_EQ(captured(fake, running.innermost), calling(fake, own, loop));
}

TEST_P(EveryVersionWithTasks, StopAtAnAwaiterThatRunsOrIsInTheChain) {
  FakeTasks fake(GetParam());
  RunningTask running(fake);
  const Frames own = {{running.body, 4}, {running.called, 8}};
  const StackId loop = calling(fake, {{running.loop, 2}});
  const uint8_t* const main = fake.python.code("/app.py", "main", 30);
  fake.await(running.task, running.task);
  EXPECT_EQ(captured(fake, running.innermost), calling(fake, own, loop));
  uint8_t* const awaiter = fake.task();
  uint8_t* const coroutine = fake.coroutine(main, 2, nullptr, fake.layout.awaiting);
  fake.give(awaiter, coroutine);
  fake.await(running.task, awaiter);
  fake.await(awaiter, running.task);
  EXPECT_EQ(captured(fake, running.innermost), calling(fake, own, awaiting(fake, {{main, 2}}, loop)));
  fake.suspend(coroutine, main, 2, nullptr, fake.layout.executing);
  EXPECT_EQ(captured(fake, running.innermost), calling(fake, own, loop));
}

TEST_P(EveryVersionWithTasks, CutOffChainsThatAreTooDeep) {
  FakeTasks fake(GetParam());
  RunningTask running(fake);
  const uint8_t* const main = fake.python.code("/app.py", "main", 30);
  uint8_t* awaited = running.task;
  for (int i = 0; i < 200; ++i) {
    uint8_t* const awaiter = fake.task();
    fake.give(awaiter, fake.coroutine(main, 2, nullptr, fake.layout.awaiting));
    fake.await(awaited, awaiter);
    awaited = awaiter;
  }
  const NodeKey cut{NodeKind::kTruncated, static_cast<uint32_t>(TruncationReason::kDepth), 0};
  const StackId above = interner_->node(calling(fake, {{running.loop, 2}}), cut);
  EXPECT_EQ(captured(fake, running.innermost),
            calling(fake, {{running.body, 4}, {running.called, 8}}, awaiting(fake, Frames(63, {main, 2}), above)));
  // A task with too many frames is left out entirely.
  uint8_t* coroutine = nullptr;
  for (int i = 0; i < 1000; ++i) coroutine = fake.coroutine(main, 2, coroutine, fake.layout.awaiting);
  uint8_t* const awaiter = fake.task();
  fake.give(awaiter, coroutine);
  fake.await(running.task, awaiter);
  EXPECT_EQ(captured(fake, running.innermost), calling(fake, {{running.body, 4}, {running.called, 8}}, above));
}

TEST_P(EveryVersionWithTasks, FollowOnlyTasksOfTheExtensionModule) {
  FakeTasks fake(GetParam());
  RunningTask running(fake);
  const Frames own = {{running.body, 4}, {running.called, 8}};
  const StackId loop = calling(fake, {{running.loop, 2}});
  const uint8_t* const main = fake.python.code("/app.py", "main", 30);
  uint8_t* const awaiter = fake.task();
  fake.give(awaiter, fake.coroutine(main, 2, nullptr, fake.layout.awaiting));
  fake.await(running.task, awaiter);
  const StackId with = calling(fake, own, awaiting(fake, {{main, 2}}, loop));
  const auto of_type = [&](const uint8_t* type) {
    FakePython::store<const uint8_t*>(running.task, fake.python.layout().object_type, type);
    return captured(fake, running.innermost);
  };
  EXPECT_EQ(of_type(fake.type("_asyncio.Task", fake.layout.task_bytes, 0, nullptr)), calling(fake, own, loop));
  EXPECT_EQ(of_type(fake.type("Task", fake.layout.task_bytes, kImmutableType, nullptr)), calling(fake, own, loop));
  EXPECT_EQ(of_type(fake.type("_asyncio.Task", fake.layout.task_bytes - 8u, kImmutableType, nullptr)),
            calling(fake, own, loop));
  EXPECT_EQ(of_type(fake.type("Own", 500, 0, fake.type("Mixed", 400, 0, fake.task_type))), with);
  EXPECT_EQ(of_type(fake.task_type), with);
}

TEST_P(EveryVersionWithTasks, KeepTheLastChainOfATaskWithoutTheGil) {
  FakeTasks fake(GetParam());
  RunningTask running(fake);
  static const uint8_t* holder = nullptr;
  Interpreter python = fake.python.python();
  python.functions.holder_state = +[] { return holder; };
  const auto seen = [&] {
    bool changed = false;
    return stack_.capture(python, *interner_, running.innermost, StackId{}, changed, fake.tstate, false);
  };
  const Frames own = {{running.body, 4}, {running.called, 8}};
  const StackId loop = calling(fake, {{running.loop, 2}});
  const uint8_t* const main = fake.python.code("/app.py", "main", 30);
  uint8_t* const awaiter = fake.task();
  fake.give(awaiter, fake.coroutine(main, 2, nullptr, fake.layout.awaiting));
  fake.await(running.task, awaiter);
  const StackId with = calling(fake, own, awaiting(fake, {{main, 2}}, loop));
  EXPECT_EQ(seen(), calling(fake, own, loop)) << "without the GIL nothing is read";
  holder = fake.tstate;
  EXPECT_EQ(seen(), with);
  holder = nullptr;
  EXPECT_EQ(seen(), with);
  fake.run(fake.task());
  EXPECT_EQ(seen(), calling(fake, own, loop));
  holder = nullptr;
}

// Random tasks that await each other; one of them runs, or none.
TEST_P(EveryVersionWithTasks, AgreeWithTheReferenceWalkerOnRandomPrograms) {
  FakeTasks fake(GetParam());
  std::mt19937 random(GetParam().minor);
  std::vector<uint8_t*> codes, tasks;
  std::vector<std::vector<uint8_t*>> coroutines;
  for (int i = 0; i < 6; ++i) codes.push_back(fake.python.code("/p.py", "f" + std::to_string(i), i));
  const auto any = [&](unsigned below) { return static_cast<unsigned>(random() % below); };
  for (int i = 0; i < 8; ++i) {
    tasks.push_back(fake.task());
    coroutines.emplace_back();
    for (int k = 0; k < 3; ++k) coroutines.back().push_back(fake.coroutine(codes[0], 2, nullptr, fake.layout.awaiting));
    fake.give(tasks.back(), coroutines.back()[0]);
  }
  uint8_t* const entry = fake.python.block(512);
  uint8_t* const loop = fake.python.frame(nullptr, codes[0], 2);
  uint8_t* const leaf = fake.python.block(512);
  fake.python.fill_entry_frame(entry, loop);
  std::set<StackId> stacks;
  for (int step = 0; step < 20'000; ++step) {
    for (unsigned changes = any(4); changes != 0; --changes) {
      const unsigned i = any(8);
      const auto& own = coroutines[i];
      const unsigned depth = any(3);
      for (unsigned k = 0; k <= depth; ++k) {
        fake.suspend(own[k], codes[any(6)], static_cast<int>(any(5)) * 2, k == depth ? nullptr : own[k + 1],
                     any(9) == 0 ? fake.layout.created : fake.layout.awaiting);
      }
      const unsigned choice = any(10);
      if (choice == 0) fake.await(tasks[i], nullptr);
      if (choice > 1) fake.await(tasks[i], tasks[any(8)]);
      if (choice == 1) fake.await(tasks[i], fake.set({tasks[any(8)]}), true);
    }
    const unsigned running = any(8);
    fake.run(any(6) == 0 ? nullptr : tasks[running]);
    uint8_t* const body = coroutines[running][0];
    fake.suspend(body, codes[any(6)], 4, nullptr, fake.layout.executing);
    FakePython::store<const uint8_t*>(body + fake.layout.frame, fake.python.layout().previous, entry);
    fake.python.fill_frame(leaf, body + fake.layout.frame, codes[any(6)], static_cast<int>(any(3)) * 2);
    for (unsigned events = 1 + any(3); events != 0; --events) stacks.insert(captured(fake, any(5) == 0 ? loop : leaf));
  }
  EXPECT_GT(stacks.size(), 1000u);
}

}  // namespace
}  // namespace cistern::preload
