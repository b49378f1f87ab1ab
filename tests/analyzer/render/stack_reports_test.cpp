// peak, temporary, tree, lines and export on recordings whose figures can be counted by hand.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "analyzer/read/failure.h"
#include "analyzer/render/export/export.h"
#include "analyzer/render/text/lines_text.h"
#include "analyzer/render/text/peak_text.h"
#include "analyzer/render/text/temporary_text.h"
#include "analyzer/render/text/tree_text.h"
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

  ReportOptions options() {
    recording_.write(path());
    ReportOptions options;
    options.query.paths = {path()};
    return options;
  }
  std::string path() const { return directory_.file("x.cistern"); }

  template <typename F>
  static std::string printed(F&& report) {
    testing::internal::CaptureStdout();
    const ExitCode code = report();
    const std::string text = testing::internal::GetCapturedStdout();
    EXPECT_EQ(code, ExitCode::kDone);
    return text;
  }
  template <typename Options, typename Report>
  static json parsed(Options options, Report report) {
    if constexpr (std::is_same_v<Options, ReportOptions>) {
      options.output.json = true;
    } else {
      options.report.output.json = true;
    }
    return json::parse(printed([&] { return report(options); }));
  }
  // The group whose innermost function is `function`; null when there is none.
  static json group(const json& report, const std::string& function) {
    for (const json& one : report["groups"]) {
      if (!one["stack"].empty() && one["stack"][0]["function"] == function) return one;
    }
    return nullptr;
  }
  ExportOptions exported() {
    ExportOptions some;
    some.report = options();
    return some;
  }
  json lines(const std::string& file) { return parsed(LinesOptions{options(), file}, report_lines); }
  static json line(const json& report, uint64_t number) {
    for (const json& one : report["lines"]) {
      if (one["line"] == number) return one;
    }
    return nullptr;
  }
  static json amount(uint64_t bytes, uint64_t blocks) { return {{"bytes", bytes}, {"blocks", blocks}}; }

  TemporaryDirectory directory_;
  Recording recording_;
};

TEST_F(StackReports, PeakShowsWhatWasLiveWhenMostWas) {
  const json report = parsed(options(), report_peak);
  EXPECT_EQ(report["schema"], "cistern.peak/1");
  EXPECT_EQ(report["peak_bytes"], 13'100);
  EXPECT_EQ(report["peak_blocks"], 5);
  EXPECT_EQ(report["groups"].size(), 3u);
  EXPECT_EQ(report["groups"][0]["stack"][0]["function"], "save");
  EXPECT_EQ(report["groups"][0]["end_bytes"], 0);
  EXPECT_EQ(group(report, "parse")["bytes"], 3000);
  EXPECT_EQ(group(report, "parse")["end_blocks"], 2);
  EXPECT_EQ(group(report, "main")["domain"], "mem");
}

TEST_F(StackReports, PeakOfAFilterLeavesTheRestOut) {
  ReportOptions some = options();
  some.query.selection.domains = bit_of(Domain::kObj);
  EXPECT_EQ(parsed(some, report_peak)["peak_bytes"], 3000);
  const std::string text = printed([&] { return report_peak(some); });
  EXPECT_NE(text.find("peak 3.0 kB in 3 blocks"), std::string::npos) << text;
  EXPECT_NE(text.find("(filtered)"), std::string::npos) << text;
}

TEST_F(StackReports, PeakNamesTheNextCommand) {
  const std::string text = printed([&] { return report_peak(options()); });
  EXPECT_NE(text.find("next: cistern lines app.py " + path() + "\n"), std::string::npos) << text;
}

TEST_F(StackReports, TemporaryCountsWhatIsFreedBeforeTheNextAllocation) {
  const json report = parsed(TemporaryOptions{options()}, report_temporary);
  EXPECT_EQ(report["schema"], "cistern.temporary/1");
  EXPECT_EQ(report["blocks"], 1);
  EXPECT_EQ(report["groups"][0]["stack"][0]["function"], "save");
  EXPECT_EQ(report["groups"][0]["bytes"], 10'000);
  EXPECT_EQ(report["groups"][0]["allocated_blocks"], 1);
}

TEST_F(StackReports, TemporaryTakesTheThresholdExactly) {
  // The first of parse's blocks is freed after three further allocations: it is temporary from four on.
  EXPECT_EQ(parsed(TemporaryOptions{options(), 3}, report_temporary)["blocks"], 1);
  EXPECT_EQ(parsed(TemporaryOptions{options(), 4}, report_temporary)["blocks"], 2);
}

TEST_F(StackReports, TemporaryCountsOnlyTheAllocationsOfTheSameThread) {
  const StackId worker = recording_.stack({{"work", "/srv/app.py", 30}});
  recording_.alloc(2, kStart + 100, 0xA0000, 64, worker);
  recording_.alloc(1, kStart + 110, 0xB0000, 64, worker);
  recording_.free(1, kStart + 120, 0xA0000);  // freed by another thread, but its own made no further allocation
  const json report = parsed(TemporaryOptions{options()}, report_temporary);
  EXPECT_EQ(group(report, "work")["blocks"], 1);
}

TEST_F(StackReports, TemporaryCountsAReallocAsAnAllocation) {
  const StackId grow = recording_.stack({{"grow", "/srv/app.py", 31}});
  recording_.alloc(1, kStart + 100, 0xA0000, 64, grow);
  recording_.realloc(1, kStart + 110, kStart + 111, 0xA0000, 0xC0000, 128, grow);
  recording_.free(1, kStart + 120, 0xC0000);
  EXPECT_EQ(group(parsed(TemporaryOptions{options()}, report_temporary), "grow"), nullptr);
  EXPECT_EQ(group(parsed(TemporaryOptions{options(), 2}, report_temporary), "grow")["bytes"], 128);
}

TEST_F(StackReports, TemporaryTellsEqualStampsApart) {
  const StackId twins = recording_.stack({{"twins", "/srv/app.py", 32}});
  recording_.alloc(1, kStart + 100, 0xA0000, 64, twins);
  recording_.alloc(1, kStart + 100, 0xB0000, 64, twins);
  recording_.free(1, kStart + 110, 0xA0000);
  recording_.free(1, kStart + 120, 0xB0000);
  EXPECT_EQ(group(parsed(TemporaryOptions{options()}, report_temporary), "twins")["blocks"], 1);
}

TEST_F(StackReports, TreeSumsBranchesFromTheOutermostFrameDown) {
  const json report = parsed(TreeOptions{options()}, report_tree);
  EXPECT_EQ(report["schema"], "cistern.tree/1");
  EXPECT_EQ(report["bytes"], 2100);
  ASSERT_EQ(report["nodes"].size(), 3u);  // save holds nothing at the end
  const json& main = report["nodes"][0];
  EXPECT_EQ(main["function"], "main");
  EXPECT_EQ(main["parent"], nullptr);
  EXPECT_EQ(main["bytes"], 2100);
  EXPECT_EQ(main["own_bytes"], 100);
  const json& load = report["nodes"][1];
  EXPECT_EQ(load["parent"], main["id"]);
  EXPECT_EQ(load["own_blocks"], 0);
  EXPECT_EQ(report["nodes"][2]["own_blocks"], 2);
}

// main:20 called nothing here: the loop runs a task's load:7, and main awaits it; several others await one at save:12.
TEST_F(StackReports, FramesThatAwaitAreMarkedAndAreNoCallers) {
  const auto id = [this](const Place& place) { return raw(recording_.code(place)); };
  const StackId loop = recording_.stack({{"run", "/srv/lib/loop.py", 1}});
  const StackId main = recording_.node(loop, NodeKind::kAwaiting, id(kMain), -1);
  recording_.alloc(1, kStart + 80, 0xa0000, 50'000, recording_.node(main, NodeKind::kPython, id(kLoad), -1));
  const StackId several = recording_.node(loop, NodeKind::kAwaiting, 0, 0);
  recording_.alloc(1, kStart + 81, 0xb0000, 40'000, recording_.node(several, NodeKind::kPython, id(kSave), -1));
  const ReportOptions some = options();

  const json stack = group(parsed(some, report_peak), "load")["stack"];
  ASSERT_EQ(stack.size(), 3u);
  EXPECT_FALSE(stack[0].contains("awaiting"));
  EXPECT_EQ(stack[1]["function"], "main");
  EXPECT_EQ(stack[1]["awaiting"], true);
  EXPECT_FALSE(stack[2].contains("awaiting"));

  const std::string tree = printed([&] { return report_tree(TreeOptions{some}); });
  EXPECT_NE(tree.find("main  app.py:20 (awaiting)\n"), std::string::npos) << tree;
  EXPECT_NE(tree.find("main  app.py:20\n"), std::string::npos) << "called by nobody: another frame\n" << tree;
  EXPECT_NE(tree.find("[several tasks]  (awaiting)\n"), std::string::npos) << tree;
  const std::string peak = printed([&] { return report_peak(some); });
  EXPECT_NE(peak.find("app.py:20 (awaiting)\n"), std::string::npos) << peak;
  const std::string collapsed = printed([&] { return export_profiles(exported()); });
  EXPECT_NE(collapsed.find("run (loop.py:1);main (app.py:20) (awaiting);load (app.py:7) 50000\n"), std::string::npos);
  EXPECT_NE(collapsed.find("run (loop.py:1);(several tasks) (awaiting);save (app.py:12) 40000\n"), std::string::npos);
  EXPECT_EQ(line(lines("app.py"), 7)["live"]["bytes"], 52'000);
}

TEST_F(StackReports, TreeAtThePeakIsThePeaks) {
  TreeOptions at_peak{options()};
  at_peak.report.query.at = parse_moment("peak");
  EXPECT_EQ(parsed(at_peak, report_tree)["bytes"], 13'100);
}

TEST_F(StackReports, TreeFoldsSmallBranchesAndSaysSo) {
  TreeOptions finalized{options()};
  finalized.min_share_percent = 50;
  finalized.report.query.at = parse_moment("peak");
  const std::string text = printed([&] { return report_tree(finalized); });
  EXPECT_NE(text.find("save  app.py:12"), std::string::npos) << text;
  EXPECT_EQ(text.find("load"), std::string::npos) << text;
  EXPECT_NE(text.find("and 1 smaller or deeper branches"), std::string::npos) << text;
}

TEST_F(StackReports, TreeOfAVeryDeepStackIsNoTrouble) {
  std::vector<Place> deep;
  std::vector<std::string> names;
  for (int i = 0; i < 6000; ++i) names.push_back("f" + std::to_string(i));
  for (const std::string& name : names) deep.push_back({name, "/srv/deep.py", 1});
  recording_.alloc(1, kStart + 100, 0xA0000, 1'000'000, recording_.stack(deep));
  EXPECT_EQ(parsed(TreeOptions{options()}, report_tree)["nodes"].size(), 6003u);
  EXPECT_NE(printed([&] { return report_tree(TreeOptions{options()}); }).find("f0  deep.py:1"), std::string::npos);
}

TEST_F(StackReports, LinesGiveALineWhatItsCallsElsewhereAllocate) {
  const json report = lines("app.py");
  EXPECT_EQ(report["schema"], "cistern.lines/1");
  EXPECT_EQ(report["file"], "/srv/app.py");
  EXPECT_EQ(line(report, 7)["live"], amount(2000, 2));
  EXPECT_EQ(line(report, 7)["peak"], amount(3000, 3));
  EXPECT_EQ(line(report, 7)["total"], amount(3000, 3));
  EXPECT_EQ(line(report, 7)["function"], "load");
  EXPECT_EQ(line(report, 12)["live"], amount(0, 0));
  EXPECT_EQ(line(report, 12)["peak"], amount(10'000, 1));
  EXPECT_EQ(line(report, 20)["total"], amount(100, 1)) << "what load and save allocated is theirs";
  EXPECT_EQ(report["live"], amount(2100, 3));
}

TEST_F(StackReports, LinesOfARecursiveFunctionCountEachBlockOnce) {
  recording_.alloc(1, kStart + 100, 0xA0000, 64, recording_.stack({kMain, kSave, kSave, kSave}));
  EXPECT_EQ(line(lines("app.py"), 12)["live"], amount(64, 1));
}

TEST_F(StackReports, LinesShowTheSourceThatIsHere) {
  const std::string source = directory_.file("shown.py");
  std::ofstream(source) << "import os\nclass Session:\n    def fill(self):\n\n        self.room = [0] * 10\n";
  recording_.alloc(1, kStart + 100, 0xA0000, 5000, recording_.stack({{"Session.fill", source, 5}}));
  const json report = lines("shown.py");
  EXPECT_EQ(line(report, 5)["source"], "        self.room = [0] * 10");
  const std::string text = printed([&] { return report_lines({options(), source}); });
  EXPECT_NE(text.find("│     2  class Session:\n"), std::string::npos) << text;
  EXPECT_NE(text.find("│     3      def fill(self):\n"), std::string::npos) << text;
  EXPECT_NE(text.find("5.0 kB            5.0 kB         1  │     5          self.room = [0] * 10\n"), std::string::npos)
      << text;
  EXPECT_EQ(text.find("import os"), std::string::npos) << text;
}

TEST_F(StackReports, LinesSayWhenTheSourceIsNotHereOrIsNewer) {
  const std::string gone = printed([&] { return report_lines({options(), "lib/json.py"}); });
  EXPECT_NE(gone.find("in parse"), std::string::npos) << gone;
  EXPECT_NE(gone.find("note: the source is not on this machine"), std::string::npos) << gone;
  const std::string source = directory_.file("new.py");
  std::ofstream(source) << "x = 1\n";  // now, and the recording began years ago
  recording_.alloc(1, kStart + 100, 0xA0000, 1, recording_.stack({{"f", source, 1}}));
  EXPECT_EQ(lines("new.py")["source_changed"], true);
}

TEST_F(StackReports, LinesWantOneFileThatIsThere) {
  const auto complaint = [&](const std::string& file) {
    try {
      report_lines({options(), file});
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), ExitCode::kUsage);
      return std::string(failure.what());
    }
    return std::string();
  };
  EXPECT_EQ(complaint("pp.py"),
            "pp.py: nothing was allocated below a line of it; there are /srv/app.py, /srv/lib/json.py");
  recording_.alloc(1, kStart + 100, 0xA0000, 1, recording_.stack({{"f", "/other/app.py", 1}}));
  EXPECT_EQ(complaint("app.py"), "app.py: which of /other/app.py, /srv/app.py?");
  EXPECT_EQ(lines("/srv/app.py")["file"], "/srv/app.py");
}

TEST_F(StackReports, CollapsedStacksAreOutermostFirst) {
  ExportOptions some = exported();
  EXPECT_EQ(printed([&] { return export_profiles(some); }),
            "main (app.py:20) 100\nmain (app.py:20);load (app.py:7);parse (json.py:100) 2000\n");
  some.what = Measure::kPeak;
  some.blocks = true;
  EXPECT_EQ(printed([&] { return export_profiles(some); }),
            "main (app.py:20) 1\nmain (app.py:20);load (app.py:7);parse (json.py:100) 3\n"
            "main (app.py:20);save (app.py:12) 1\n");
}

TEST_F(StackReports, CollapsedStacksKeepSeparatorsOutOfNames) {
  recording_.alloc(1, kStart + 100, 0xA0000, 64, recording_.stack({{"odd;name\n", "/srv/a;b.py", 1}}));
  const std::string text = printed([&] { return export_profiles(exported()); });
  EXPECT_NE(text.find("odd:name"), std::string::npos) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << text;
}

TEST_F(StackReports, CollapsedStacksGoToAFile) {
  ExportOptions to_file = exported();
  to_file.output = directory_.file("out.txt");
  EXPECT_EQ(printed([&] { return export_profiles(to_file); }), "");
  EXPECT_GT(std::filesystem::file_size(to_file.output), 0u);
  to_file.output = directory_.file("no/such/out.txt");
  EXPECT_THROW(export_profiles(to_file), Failure);
}

TEST_F(StackReports, SeveralProfilesAreOneSum) {
  ReportOptions twice = options();
  twice.query.paths.push_back(path());
  EXPECT_EQ(parsed(twice, report_peak)["peak_bytes"], 2 * 13'100);
  EXPECT_EQ(parsed(twice, report_peak)["groups"].size(), 3u);
}

}  // namespace
}  // namespace cistern::analyzer
