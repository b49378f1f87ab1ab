// `leaks` and `summary` of a recording made by hand. The whole text is compared: it is what a person reads.

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "analyzer/cli/report.h"
#include "analyzer/render/json/leaks_json.h"
#include "analyzer/render/json/summary_json.h"
#include "analyzer/render/text/leaks_text.h"
#include "analyzer/render/text/summary_text.h"
#include "tests/builders/sample_recordings.h"

namespace cistern::analyzer {
namespace {

class Report : public testing::Test {
 protected:
  Report() { leaky_service().write(path()); }

  std::string path() const { return directory_.file("x.cistern"); }
  // Standard output, with the folder's name taken out.
  template <typename F>
  std::string printed(F&& report) {
    testing::internal::CaptureStdout();
    EXPECT_EQ(report(), ExitCode::kDone);
    std::string out = testing::internal::GetCapturedStdout();
    const std::string folder = directory_.path() + "/";
    for (size_t at = out.find(folder); at != std::string::npos; at = out.find(folder)) out.erase(at, folder.size());
    return out;
  }

  LeaksQuery leaks() const {
    LeaksQuery query;
    query.report.paths = {path()};
    query.all = true;
    return query;
  }
  std::string printed_leaks(const LeaksQuery& query, const OutputOptions& output = {}) {
    return printed([&] { return report(query, output, leaks_text, leaks_json); });
  }
  nlohmann::json parsed_leaks(const LeaksQuery& query, OutputOptions output = {}) {
    output.json = true;
    return nlohmann::json::parse(printed_leaks(query, output));
  }
  std::string printed_summary(const OutputOptions& output = {}) {
    return printed([&] { return report(SummaryQuery{leaks().report}, output, summary_text, summary_json); });
  }

  TemporaryDirectory directory_;
};

TEST_F(Report, LeaksListsGroupsWithMostBytesFirst) {
  EXPECT_EQ(printed_leaks(leaks()), R"(service.py, CPython 3.11.2, 12.4 s · 1.1 MB in 56 blocks alive when the program
  had ended (before atexit callbacks), no leak found

  1  one-off 1.0 MB  in 1 block  mmap, allocated at 11.0 s
     fetchmany                                cursor.py:112
     ← main                                   service.py:22

  2  none    7.6 kB  in 40 blocks  obj, allocated 1.0 s to 10.8 s
     Session.profile                          service.py:18
     ← handle                                 service.py:31
     ← main                                   service.py:22

  3  none    620 B  in 10 blocks  malloc, allocated 1.0 s to 10.0 s
     fetchmany                                cursor.py:112
       _fast.so+0x1234
     ← main                                   service.py:22

  4  one-off 240 B  in 5 blocks  obj, allocated 1.0 s to 2.0 s
     work                                     service.py:40
       thread started at
     ← main                                   service.py:22

A leak is a group that grew until the end. What keeps it alive is not known.
next: cistern lines cursor.py x.cistern
)");
}

TEST_F(Report, LeaksWithoutAllSaysThatNothingLeaks) {
  LeaksQuery query = leaks();
  query.all = false;
  EXPECT_EQ(printed_leaks(query), R"(service.py, CPython 3.11.2, 12.4 s · 1.1 MB in 56 blocks alive when the program
  had ended (before atexit callbacks), no leak found

4 more groups stopped growing or never grew (show with --all)
A leak is a group that grew until the end. What keeps it alive is not known.
next: cistern leaks --all x.cistern
)");
}

TEST_F(Report, LeaksJsonHasRawNumbers) {
  const auto json = parsed_leaks(leaks());
  EXPECT_EQ(json["schema"], "cistern.leaks/1");
  EXPECT_EQ(json["complete"], true);
  ASSERT_EQ(json["images"].size(), 1u);
  const auto& image = json["images"][0];
  EXPECT_EQ(image["pid"], 4711);
  EXPECT_EQ(image["parent"], nullptr);
  EXPECT_EQ(image["argv"], nlohmann::json({"python3", "service.py", "--fast"}));
  EXPECT_EQ(image["python"], "3.11.2");
  EXPECT_EQ(image["ended_by"], "exit");
  EXPECT_EQ(image["events"], 137);
  EXPECT_EQ(image["late_install"], false);
  EXPECT_EQ(image["overwritten"], 0);
  EXPECT_EQ(image["end_blocks"], 56);
  ASSERT_EQ(json["groups"].size(), 4u);
  const auto& group = json["groups"][1];
  EXPECT_EQ(group["kind"], "unknown");
  EXPECT_EQ(group["growth"], "none");
  EXPECT_EQ(group["leak"], false);
  EXPECT_EQ(group["type"], nullptr);
  EXPECT_EQ(group["bytes"], 7600);
  EXPECT_EQ(group["blocks"], 40);
  EXPECT_DOUBLE_EQ(group["bytes_per_second"], 7600 / 9.75);
  EXPECT_EQ(group["domain"], "obj");
  EXPECT_EQ(group["stack"][0], (nlohmann::json{{"function", "Session.profile"},
                                               {"file", "/srv/service.py"},
                                               {"line", 18},
                                               {"module", nullptr},
                                               {"native", false}}));
  EXPECT_EQ(json["groups"][2]["stack"][0]["native"], true);
  EXPECT_EQ(json["groups"][2]["stack"][0]["module"], "/srv/db/_fast.so");
}

TEST_F(Report, LeaksStackContinuesWhereTheThreadWasStarted) {
  LeaksQuery query = leaks();
  query.report.selection.threads = {"pool-0"};
  const auto json = parsed_leaks(query);
  ASSERT_EQ(json["groups"].size(), 1u);
  const auto& stack = json["groups"][0]["stack"];
  ASSERT_EQ(stack.size(), 3u);
  EXPECT_EQ(stack[0]["function"], "work");
  EXPECT_EQ(stack[1], (nlohmann::json{{"function", nullptr},
                                      {"file", nullptr},
                                      {"line", nullptr},
                                      {"module", nullptr},
                                      {"native", false},
                                      {"boundary", "thread"}}));
  EXPECT_EQ(stack[2]["function"], "main");
}

TEST_F(Report, LeaksAppliesFiltersTopAndDepth) {
  LeaksQuery query = leaks();
  query.report.selection.files = {"cursor.py"};
  EXPECT_EQ(parsed_leaks(query)["groups"].size(), 2u);
  query.report.selection.domains = bit_of(Domain::kMalloc);
  EXPECT_EQ(parsed_leaks(query)["groups"].size(), 1u);
  OutputOptions output;
  output.top = 1;
  output.depth = 2;
  const auto json = parsed_leaks(leaks(), output);
  ASSERT_EQ(json["groups"].size(), 1u);
  EXPECT_EQ(json["groups"][0]["stack"].size(), 2u);
}

TEST_F(Report, LeaksAtAMarkListsBlocksThatWereAliveThen) {
  LeaksQuery query = leaks();
  query.report.at = parse_moment("half");
  const auto json = parsed_leaks(query);
  EXPECT_EQ(json["at"], "half");
  EXPECT_EQ(json["live_blocks"], 21 + 6 + 5);
  EXPECT_EQ(json["images"][0]["end_blocks"], 56);
}

TEST_F(Report, LeaksSumsSeveralProfiles) {
  LeaksQuery query = leaks();
  query.report.paths = {path(), path()};
  const auto json = parsed_leaks(query);
  EXPECT_EQ(json["images"].size(), 2u);
  EXPECT_EQ(json["groups"].size(), 4u);
  EXPECT_EQ(json["groups"][1]["blocks"], 80);
}

TEST_F(Report, SummarySaysWhatRanAndWhereItsMemoryWent) {
  EXPECT_EQ(printed_summary(), R"(service.py, CPython 3.11.2, 12.4 s, ended, exit code 0
137 events, 0 lost, no truncated segments

1.1 MB in 56 blocks alive when the program had ended (before atexit callbacks)
peak 1.1 MB in 56 blocks at 11.0 s
resident (RSS) 20.0 MB when last sampled, 20.0 MB at most
1.0 MB of address space is the recorder's own
allocator pymalloc

by domain          alive    blocks   at the peak   allocated   allocations
  malloc           620 B        10         620 B       620 B            10
  mem                0 B         0           0 B      200 kB            40
  obj             7.8 kB        45        7.8 kB      7.8 kB            45
  mmap            1.0 MB         1        1.0 MB      1.0 MB             1

top functions    alive    blocks  at the peak
                1.0 MB        11       1.0 MB   fetchmany cursor.py:112
                7.6 kB        40       7.6 kB   Session.profile service.py:18
                 240 B         5        240 B   work service.py:40

marks               at     alive    blocks
  half           6.0 s    4.6 kB        32

threads          alive allocated     time   name
  4711          1.1 MB    1.3 MB to the end   main
  4712           240 B     240 B to the end   pool-0

next: cistern leaks --all x.cistern
)");
}

TEST_F(Report, SummaryJsonAddsUp) {
  OutputOptions output;
  output.json = true;
  const auto json = nlohmann::json::parse(printed_summary(output));
  EXPECT_EQ(json["schema"], "cistern.summary/1");
  EXPECT_EQ(json["events"], 137);
  uint64_t bytes = 0;
  uint64_t allocations = 0;
  for (const auto& domain : json["domains"]) {
    bytes += domain["end_bytes"].get<uint64_t>();
    allocations += domain["allocations"].get<uint64_t>();
  }
  EXPECT_EQ(bytes, json["images"][0]["end_bytes"].get<uint64_t>());
  EXPECT_EQ(allocations, 96u);
  EXPECT_EQ(json["marks"][0]["live_blocks"], 32);
  EXPECT_EQ(json["threads"].size(), 2u);
  EXPECT_EQ(json["functions"][0]["function"], "fetchmany");
  EXPECT_EQ(json["images"][0]["resident_bytes"], 20'000'000);
}

TEST_F(Report, LeaksNotesAnUnsupportedInterpreterAndTheReason) {
  Recording recording;
  recording.run_of("python2 app.py");
  InterpreterRecord interpreter;
  interpreter.implementation = "CPython";
  interpreter.version = "2.7.18";
  interpreter.stacks = PythonStacks::kUnsupported;
  interpreter.reason = "frames of CPython 2.7 are not read";
  recording.record(interpreter);
  recording.alloc(1, kStart + 1, 0x1000, 10);
  recording.end(kStart + 2, EndKind::kExit, 0);
  recording.write(path());
  const std::string note = "process 4711: Python stacks are off: frames of CPython 2.7 are not read";
  EXPECT_NE(printed_leaks(leaks()).find(note), std::string::npos);
  EXPECT_EQ(parsed_leaks(leaks())["images"][0]["python_stacks_reason"], "frames of CPython 2.7 are not read");
}

TEST_F(Report, IsIncompleteWhenAnythingIsMissing) {
  const auto complete_after = [&](const std::function<void(Recording&)>& change) {
    Recording recording = leaky_service();
    change(recording);
    recording.write(path());
    return parsed_leaks(leaks())["complete"].get<bool>();
  };
  EXPECT_TRUE(complete_after([](Recording&) {}));
  const auto losing = [](Counter counter) {
    return [counter](Recording& recording) {
      LossesRecord losses;
      losses.count = kCounters;
      losses.fields[static_cast<size_t>(counter)] = 1;
      recording.record(losses);
    };
  };
  EXPECT_FALSE(complete_after(losing(Counter::kLostEvents)));
  EXPECT_FALSE(complete_after(losing(Counter::kStoppedEvents)));
  EXPECT_TRUE(complete_after(losing(Counter::kRetiredCodes)));
  EXPECT_FALSE(complete_after([](Recording& r) { r.record(InstallRecord{kStart + 5, true, kAllDomains}); }));
  EXPECT_FALSE(complete_after([](Recording& r) {
    r.seal(1, true);
    r.alloc(1, kStart + 13'000'000'000, 0x77770, 1);
  }));
}

}  // namespace
}  // namespace cistern::analyzer
