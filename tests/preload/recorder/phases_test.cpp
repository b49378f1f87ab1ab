#include "preload/recorder/phases.h"

#include "tests/builders/fake_python.h"
#include "tests/builders/temporary_segment_store.h"

namespace cistern::preload {
namespace {

bool g_finalizing = false;
bool g_initialized = false;

class PhasesTest : public testing::Test {
 protected:
  void SetUp() override {
    g_finalizing = false;
    g_python.functions.is_finalizing = [] { return g_finalizing ? 1 : 0; };
    ASSERT_TRUE(records_->begin(*temporary_.segments, 0));
    phases_.begin(*records_, 0);
  }
  void root(const uint8_t* code, bool threading = false) {
    phases_.root_changed(fake_.python(), code, threading, ++time_);
  }
  void check(uint64_t time) { phases_.check(fake_.python(), tstate_, time); }
  std::vector<Phase> seen() {
    EXPECT_TRUE(records_->flush());
    std::vector<Phase> found;
    for (const auto& [type, payload] : temporary_.records()) {
      if (type == RecordType::kPhase) found.push_back(TemporarySegmentStore::parse<PhaseRecord>(payload).phase);
    }
    return found;
  }

  FakePython fake_{11};
  TemporarySegmentStore temporary_;
  std::unique_ptr<RecordStream> records_ = std::make_unique<RecordStream>();
  Phases phases_;
  uint64_t time_ = 0;
  const uint8_t* tstate_ = nullptr;
  const uint8_t* import_ = fake_.code("<frozen importlib._bootstrap>", "<module>", 1);
  const uint8_t* script_ = fake_.code("/app.py", "<module>", 1);
  const uint8_t* shutdown_ = fake_.code("/lib/threading.py", "_shutdown", 1500);
  const uint8_t* callback_ = fake_.code("/app.py", "at_exit", 7);
};

TEST_F(PhasesTest, ScriptWithoutThreadsEndsWhenItsModuleReturns) {
  root(import_);
  root(nullptr);
  root(script_);
  root(nullptr);
  EXPECT_EQ(seen(), (std::vector<Phase>{Phase::kStarting, Phase::kRunning, Phase::kRootLeft, Phase::kExiting}));
}

TEST_F(PhasesTest, ScriptWithThreadsEndsWhenTheyAreJoined) {
  root(script_, true);
  root(nullptr, true);
  EXPECT_EQ(seen().back(), Phase::kRootLeft);
  root(shutdown_, true);
  EXPECT_EQ(seen().back(), Phase::kRootLeft);
  root(nullptr, true);
  EXPECT_EQ(seen().back(), Phase::kExiting);
}

TEST_F(PhasesTest, ProgramEndsAtTheFirstExitCallbackAfterTheJoin) {
  root(script_, true);
  root(nullptr, true);
  root(shutdown_, true);
  root(callback_, true);
  EXPECT_EQ(seen().back(), Phase::kExiting);
}

TEST_F(PhasesTest, ProgramRunsAgainWhenTheRootReturns) {
  root(script_);
  root(nullptr);
  root(script_);
  root(nullptr);
  EXPECT_EQ(seen(), (std::vector<Phase>{Phase::kStarting, Phase::kRunning, Phase::kRootLeft, Phase::kExiting,
                                        Phase::kRunning, Phase::kRootLeft, Phase::kExiting}));
}

TEST_F(PhasesTest, EmbeddedInterpreterRunsFromEachInitializationUntilItFinalizes) {
  g_python.functions.is_initialized = [] { return g_initialized ? 1 : 0; };
  Interpreter embedded = fake_.python();
  embedded.embedded = true;
  const auto check_at = [&](bool initialized, bool finalizing) {
    g_initialized = initialized;
    g_finalizing = finalizing;
    phases_.check(embedded, tstate_, ++time_);
  };
  check_at(false, false);
  EXPECT_EQ(seen(), (std::vector{Phase::kStarting}));
  check_at(true, false);
  phases_.root_changed(embedded, script_, false, ++time_);
  EXPECT_FALSE(phases_.watching()) << "it cannot be finalized inside a frame";
  phases_.root_changed(embedded, nullptr, false, ++time_);
  EXPECT_TRUE(phases_.watching());
  EXPECT_EQ(seen(), (std::vector{Phase::kStarting, Phase::kRunning})) << "the end of a call does not end the program";
  check_at(false, true);
  check_at(false, true);
  check_at(false, false);
  check_at(true, false);
  check_at(false, true);
  EXPECT_EQ(seen(),
            (std::vector{Phase::kStarting, Phase::kRunning, Phase::kFinalizing, Phase::kRunning, Phase::kFinalizing}));
}

TEST_F(PhasesTest, RootOfAModuleRunByNameIsRunpy) {
  const uint8_t* const runpy = fake_.code("<frozen runpy>", "_run_module_as_main", 1);
  root(runpy);
  EXPECT_EQ(seen().back(), Phase::kRunning);
  EXPECT_TRUE(phases_.root_seen());
}

TEST_F(PhasesTest, FinalizingIsRecordedOnceAndOnlyAfterTheRoot) {
  EXPECT_FALSE(phases_.watching());
  root(script_);
  root(nullptr);
  EXPECT_TRUE(phases_.watching());
  check(10);
  g_finalizing = true;
  check(11);
  check(12);
  EXPECT_FALSE(phases_.watching());
  const auto phases = seen();
  EXPECT_EQ(std::count(phases.begin(), phases.end(), Phase::kFinalizing), 1);
}

TEST_F(PhasesTest, LastCollectionIsRecordedFromItsFirstFreeToTheNextEventAfterIt) {
  uint8_t* const interpreter = fake_.block(8192);
  uint8_t* const tstate = fake_.block(256);
  FakePython::store<uint8_t*>(tstate, kTstateInterpreter, interpreter);
  uint8_t* const generations = interpreter + fake_.layout().collector;
  FakePython::store<uint8_t*>(generations, 72, generations);
  FakePython::store<int>(generations - 12, 0, 1);  // enabled
  tstate_ = tstate;
  g_finalizing = true;
  check(1);
  check(2);
  FakePython::store<int>(generations, 176, 1);
  check(3);
  check(4);
  FakePython::store<int>(generations, 176, 0);
  check(5);
  FakePython::store<int>(generations, 176, 1);  // another one, after the modules were destroyed
  check(6);
  EXPECT_EQ(seen(), (std::vector{Phase::kStarting, Phase::kFinalizing, Phase::kCollecting, Phase::kCollected}));
}

TEST_F(PhasesTest, NoCollectionIsRecordedWhenTheCollectorIsOff) {
  g_finalizing = true;
  check(1);
  EXPECT_FALSE(phases_.watching());
  check(2);
  EXPECT_EQ(seen(), (std::vector{Phase::kStarting, Phase::kFinalizing}));
}

}  // namespace
}  // namespace cistern::preload
