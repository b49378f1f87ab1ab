// peak, temporary, tree, lines and export on recordings whose figures can be counted by hand.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "analyzer/read/failure.h"
#include "tests/builders/command_output.h"
#include "tests/builders/recording.h"

namespace cistern::analyzer {
namespace {

using nlohmann::json;

constexpr Place kMain{"main", "/srv/app.py", 20};
constexpr Place kLoad{"load", "/srv/app.py", 7};
constexpr Place kParse{"parse", "/srv/lib/json.py", 100};
constexpr Place kSave{"save", "/srv/app.py", 12};

class StackReports : public testing::Test {
 protected:
  // main:20 → load:7 → parse:100 holds three blocks of 1,000; at the peak main:20 → save:12 holds 10,000 beside them;
  // at the end one of the three is gone. main:20 itself allocates 100 that stay.
  StackReports() {
    recording_.run_of("python3 app.py");
    recording_.python("3.11.2 (main)");
    const StackId parse = recording_.stack({kMain, kLoad, kParse});
    const StackId save = recording_.stack({kMain, kSave});
    recording_.alloc(1, kStart + 10, 0x1000, 100, recording_.stack({kMain}), Domain::kMem);
    for (uint64_t i = 0; i < 3; ++i) recording_.alloc(1, kStart + 20 + i, 0x10000 + i * 0x1000, 1000, parse);
    recording_.alloc(1, kStart + 50, 0x90000, 10'000, save, Domain::kMalloc);
    recording_.free(1, kStart + 60, 0x90000, Domain::kMalloc);
    recording_.free(1, kStart + 70, 0x10000);
    recording_.end(kStart + 1000, EndKind::kExit, 0);
  }

  using Arguments = std::vector<std::string>;

  // Runs a command on the recording.
  std::string text(const std::string& command, const Arguments& more = {}) {
    recording_.write(path());
    Arguments arguments = {command};
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.push_back(path());
    return printed_by(arguments);
  }
  json report(const std::string& command, Arguments more = {}) {
    more.insert(more.begin(), "--json");
    return json::parse(text(command, more));
  }
  std::string collapsed(Arguments more = {}) {
    more.insert(more.begin(), "--format=collapsed");
    return text("export", more);
  }
  std::string path() const { return directory_.file("x.cistern"); }

  // The group whose innermost function is `function`; null when there is none.
  static json group(const json& result, const std::string& function) {
    for (const json& one : result["groups"]) {
      if (!one["stack"].empty() && one["stack"][0]["function"] == function) return one;
    }
    return nullptr;
  }
  json lines(const std::string& file) { return report("lines", {file}); }
  static json line(const json& result, uint64_t number) {
    for (const json& one : result["lines"]) {
      if (one["line"] == number) return one;
    }
    return nullptr;
  }
  static json amount(uint64_t bytes, uint64_t blocks) { return {{"bytes", bytes}, {"blocks", blocks}}; }

  TemporaryDirectory directory_;
  Recording recording_;
};

TEST_F(StackReports, PeakListsGroupsThatWereLiveAtTheMaximum) {
  const json result = report("peak");
  EXPECT_EQ(result["schema"], "cistern.peak/1");
  EXPECT_EQ(result["peak_bytes"], 13'100);
  EXPECT_EQ(result["peak_blocks"], 5);
  EXPECT_EQ(result["groups"].size(), 3u);
  EXPECT_EQ(result["groups"][0]["stack"][0]["function"], "save");
  EXPECT_EQ(result["groups"][0]["end_bytes"], 0);
  EXPECT_EQ(group(result, "parse")["bytes"], 3000);
  EXPECT_EQ(group(result, "parse")["end_blocks"], 2);
  EXPECT_EQ(group(result, "main")["domain"], "mem");
}

TEST_F(StackReports, PeakWithAFilterCountsOnlyMatchingStacks) {
  EXPECT_EQ(report("peak", {"--domain=obj"})["peak_bytes"], 3000);
  const std::string peak = text("peak", {"--domain=obj"});
  EXPECT_NE(peak.find("peak 3.0 kB in 3 blocks"), std::string::npos) << peak;
  EXPECT_NE(peak.find("(filtered)"), std::string::npos) << peak;
}

TEST_F(StackReports, PeakEndsWithTheNextCommand) {
  const std::string peak = text("peak");
  EXPECT_NE(peak.find("next: cistern lines app.py " + path() + "\n"), std::string::npos) << peak;
}

TEST_F(StackReports, TemporaryCountsBlocksFreedBeforeTheNextAllocation) {
  const json result = report("temporary");
  EXPECT_EQ(result["schema"], "cistern.temporary/1");
  EXPECT_EQ(result["blocks"], 1);
  EXPECT_EQ(result["groups"][0]["stack"][0]["function"], "save");
  EXPECT_EQ(result["groups"][0]["bytes"], 10'000);
  EXPECT_EQ(result["groups"][0]["allocated_blocks"], 1);
}

TEST_F(StackReports, TemporaryAppliesTheThresholdExactly) {
  // The first of parse's blocks is freed after three further allocations: it is temporary from four on.
  EXPECT_EQ(report("temporary", {"--threshold=3"})["blocks"], 1);
  EXPECT_EQ(report("temporary", {"--threshold=4"})["blocks"], 2);
}

TEST_F(StackReports, TemporaryCountsOnlyTheAllocationsOfTheSameThread) {
  const StackId worker = recording_.stack({{"work", "/srv/app.py", 30}});
  recording_.alloc(2, kStart + 100, 0xA0000, 64, worker);
  recording_.alloc(1, kStart + 110, 0xB0000, 64, worker);
  recording_.free(1, kStart + 120, 0xA0000);  // freed by another thread, but its own made no further allocation
  const json result = report("temporary");
  EXPECT_EQ(group(result, "work")["blocks"], 1);
}

TEST_F(StackReports, TemporaryCountsAReallocAsAnAllocation) {
  const StackId grow = recording_.stack({{"grow", "/srv/app.py", 31}});
  recording_.alloc(1, kStart + 100, 0xA0000, 64, grow);
  recording_.realloc(1, kStart + 110, kStart + 111, 0xA0000, 0xC0000, 128, grow);
  recording_.free(1, kStart + 120, 0xC0000);
  EXPECT_EQ(group(report("temporary"), "grow"), nullptr);
  EXPECT_EQ(group(report("temporary", {"--threshold=2"}), "grow")["bytes"], 128);
}

TEST_F(StackReports, TemporaryDistinguishesBlocksWithEqualTimes) {
  const StackId twins = recording_.stack({{"twins", "/srv/app.py", 32}});
  recording_.alloc(1, kStart + 100, 0xA0000, 64, twins);
  recording_.alloc(1, kStart + 100, 0xB0000, 64, twins);
  recording_.free(1, kStart + 110, 0xA0000);
  recording_.free(1, kStart + 120, 0xB0000);
  EXPECT_EQ(group(report("temporary"), "twins")["blocks"], 1);
}

TEST_F(StackReports, TreeSumsBranchesFromTheOutermostFrameDown) {
  const json result = report("tree");
  EXPECT_EQ(result["schema"], "cistern.tree/1");
  EXPECT_EQ(result["bytes"], 2100);
  ASSERT_EQ(result["nodes"].size(), 3u);  // save holds nothing at the end
  const json& main = result["nodes"][0];
  EXPECT_EQ(main["function"], "main");
  EXPECT_EQ(main["parent"], nullptr);
  EXPECT_EQ(main["bytes"], 2100);
  EXPECT_EQ(main["own_bytes"], 100);
  const json& load = result["nodes"][1];
  EXPECT_EQ(load["parent"], main["id"]);
  EXPECT_EQ(load["own_blocks"], 0);
  EXPECT_EQ(result["nodes"][2]["own_blocks"], 2);
}

// main:20 called nothing here: the loop runs a task's load:7, and main awaits it; several others await one at save:12.
TEST_F(StackReports, AwaitingFramesAreMarkedAndAreNotCallers) {
  const auto id = [this](const Place& place) { return raw(recording_.code(place)); };
  const StackId loop = recording_.stack({{"run", "/srv/lib/loop.py", 1}});
  const StackId main = recording_.node(loop, NodeKind::kAwaiting, id(kMain), -1);
  recording_.alloc(1, kStart + 80, 0xa0000, 50'000, recording_.node(main, NodeKind::kPython, id(kLoad), -1));
  const StackId several = recording_.node(loop, NodeKind::kAwaiting, 0, 0);
  recording_.alloc(1, kStart + 81, 0xb0000, 40'000, recording_.node(several, NodeKind::kPython, id(kSave), -1));

  const json stack = group(report("peak"), "load")["stack"];
  ASSERT_EQ(stack.size(), 3u);
  EXPECT_FALSE(stack[0].contains("awaiting"));
  EXPECT_EQ(stack[1]["function"], "main");
  EXPECT_EQ(stack[1]["awaiting"], true);
  EXPECT_FALSE(stack[2].contains("awaiting"));

  const std::string tree = text("tree");
  EXPECT_NE(tree.find("main  app.py:20 (awaiting)\n"), std::string::npos) << tree;
  EXPECT_NE(tree.find("main  app.py:20\n"), std::string::npos) << "called by nobody: another frame\n" << tree;
  EXPECT_NE(tree.find("[several tasks]  (awaiting)\n"), std::string::npos) << tree;
  const std::string peak = text("peak");
  EXPECT_NE(peak.find("app.py:20 (awaiting)\n"), std::string::npos) << peak;
  const std::string stacks = collapsed();
  EXPECT_NE(stacks.find("run (loop.py:1);main (app.py:20) (awaiting);load (app.py:7) 50000\n"), std::string::npos);
  EXPECT_NE(stacks.find("run (loop.py:1);(several tasks) (awaiting);save (app.py:12) 40000\n"), std::string::npos);
  EXPECT_EQ(line(lines("app.py"), 7)["live"]["bytes"], 52'000);
}

TEST_F(StackReports, TreeAtThePeakHasThePeakBytes) {
  EXPECT_EQ(report("tree", {"--at=peak"})["bytes"], 13'100);
}

TEST_F(StackReports, TreeLeavesOutSmallBranchesAndReportsIt) {
  const std::string tree = text("tree", {"--min-share=50", "--at=peak"});
  EXPECT_NE(tree.find("save  app.py:12"), std::string::npos) << tree;
  EXPECT_EQ(tree.find("load"), std::string::npos) << tree;
  EXPECT_NE(tree.find("and 1 smaller or deeper branch (show with"), std::string::npos) << tree;
}

TEST_F(StackReports, TreeHandlesAVeryDeepStack) {
  std::vector<Place> deep;
  std::vector<std::string> names;
  for (int i = 0; i < 6000; ++i) names.push_back("f" + std::to_string(i));
  for (const std::string& name : names) deep.push_back({name, "/srv/deep.py", 1});
  recording_.alloc(1, kStart + 100, 0xA0000, 1'000'000, recording_.stack(deep));
  EXPECT_EQ(report("tree")["nodes"].size(), 6003u);
  EXPECT_NE(text("tree").find("f0  deep.py:1"), std::string::npos);
}

TEST_F(StackReports, LineIncludesWhatItsCallsIntoOtherFilesAllocate) {
  const json result = lines("app.py");
  EXPECT_EQ(result["schema"], "cistern.lines/1");
  EXPECT_EQ(result["file"], "/srv/app.py");
  EXPECT_EQ(line(result, 7)["live"], amount(2000, 2));
  EXPECT_EQ(line(result, 7)["peak"], amount(3000, 3));
  EXPECT_EQ(line(result, 7)["total"], amount(3000, 3));
  EXPECT_EQ(line(result, 7)["function"], "load");
  EXPECT_EQ(line(result, 12)["live"], amount(0, 0));
  EXPECT_EQ(line(result, 12)["peak"], amount(10'000, 1));
  EXPECT_EQ(line(result, 20)["total"], amount(100, 1)) << "what load and save allocated is theirs";
  EXPECT_EQ(result["live"], amount(2100, 3));
}

TEST_F(StackReports, LineOfARecursiveFunctionCountsEachBlockOnce) {
  recording_.alloc(1, kStart + 100, 0xA0000, 64, recording_.stack({kMain, kSave, kSave, kSave}));
  EXPECT_EQ(line(lines("app.py"), 12)["live"], amount(64, 1));
}

TEST_F(StackReports, LinesShowTheSourceIfItIsAvailable) {
  const std::string source = directory_.file("shown.py");
  std::ofstream(source) << "import os\nclass Session:\n    def fill(self):\n\n        self.rows = [0] * 10\n";
  recording_.alloc(1, kStart + 100, 0xA0000, 5000, recording_.stack({{"Session.fill", source, 5}}));
  const json result = lines("shown.py");
  EXPECT_EQ(line(result, 5)["source"], "        self.rows = [0] * 10");
  const std::string lines_of_source = text("lines", {source});
  EXPECT_NE(lines_of_source.find("│     2  class Session:\n"), std::string::npos) << lines_of_source;
  EXPECT_NE(lines_of_source.find("│     3      def fill(self):\n"), std::string::npos) << lines_of_source;
  EXPECT_NE(lines_of_source.find("5.0 kB            5.0 kB         1  │     5          self.rows = [0] * 10\n"),
            std::string::npos)
      << lines_of_source;
  EXPECT_EQ(lines_of_source.find("import os"), std::string::npos) << lines_of_source;
}

TEST_F(StackReports, LinesNoteAMissingOrChangedSource) {
  const std::string gone = text("lines", {"lib/json.py"});
  EXPECT_NE(gone.find("in parse"), std::string::npos) << gone;
  EXPECT_NE(gone.find("note: the source is not on this machine"), std::string::npos) << gone;
  const std::string source = directory_.file("new.py");
  std::ofstream(source) << "x = 1\n";  // now, and the recording began years ago
  recording_.alloc(1, kStart + 100, 0xA0000, 1, recording_.stack({{"f", source, 1}}));
  EXPECT_EQ(lines("new.py")["source_changed"], true);
}

TEST_F(StackReports, LinesRejectAnUnknownOrAmbiguousFile) {
  const auto complaint = [&](const std::string& file) {
    try {
      text("lines", {file});
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), ExitCode::kUsage);
      return std::string(failure.what());
    }
    return std::string();
  };
  EXPECT_EQ(
      complaint("pp.py"),
      "pp.py: no recorded allocation has a line of this file in its stack (recorded: /srv/app.py, /srv/lib/json.py)");
  recording_.alloc(1, kStart + 100, 0xA0000, 1, recording_.stack({{"f", "/other/app.py", 1}}));
  EXPECT_EQ(complaint("app.py"),
            "app.py: several recorded files end with this path: /other/app.py, /srv/app.py (name one of them)");
  EXPECT_EQ(lines("/srv/app.py")["file"], "/srv/app.py");
}

TEST_F(StackReports, CollapsedStacksAreOutermostFirst) {
  EXPECT_EQ(collapsed(), "main (app.py:20) 100\nmain (app.py:20);load (app.py:7);parse (json.py:100) 2000\n");
  EXPECT_EQ(collapsed({"--what=peak", "--blocks"}),
            "main (app.py:20) 1\nmain (app.py:20);load (app.py:7);parse (json.py:100) 3\n"
            "main (app.py:20);save (app.py:12) 1\n");
}

TEST_F(StackReports, CollapsedStacksReplaceSeparatorsInNames) {
  recording_.alloc(1, kStart + 100, 0xA0000, 64, recording_.stack({{"odd;name\n", "/srv/a;b.py", 1}}));
  const std::string stacks = collapsed();
  EXPECT_NE(stacks.find("odd:name"), std::string::npos) << stacks;
  EXPECT_EQ(std::count(stacks.begin(), stacks.end(), '\n'), 3) << stacks;
}

TEST_F(StackReports, CollapsedStacksAreWrittenToTheOutputFile) {
  const std::string output = directory_.file("out.txt");
  EXPECT_EQ(collapsed({"--output", output}), "");
  EXPECT_GT(std::filesystem::file_size(output), 0u);
  EXPECT_THROW(collapsed({"--output", directory_.file("no/such/out.txt")}), Failure);
}

TEST_F(StackReports, SeveralProfilesAreSummed) {
  recording_.write(path());
  const json result = report("peak", {path()});
  EXPECT_EQ(result["peak_bytes"], 2 * 13'100);
  EXPECT_EQ(result["groups"].size(), 3u);
}

}  // namespace
}  // namespace cistern::analyzer
