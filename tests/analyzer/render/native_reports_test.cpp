// What reports say of native frames, and what `cistern symbolize` adds to a profile.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/builders/native_sample.h"
#include "tests/builders/recording.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

class NativeReports : public testing::Test {
 protected:
  NativeReports() {
    fs::copy_file(sample_path("sample.so"), module_path());
    recording_.run_of("python3 app.py");
    recording_.python("3.11.2");
    add_module(1, module_path(), NativeSample::build_id());
    add_module(2, "/srv/lib/libpython3.11.so.1.0", "\x01");
    add_module(4, "", "\x02");  // the program: /usr/bin/python3
    add_module(3, directory_.file("sample_other.so"), NativeSample::build_id());
  }
  void add_module(uint32_t id, const std::string& path, std::string_view build_id) {
    ModuleRecord module;
    module.id = ModuleId{id};
    module.path = path;
    module.build_id = build_id;
    recording_.record(module);
  }
  StackId native(StackId caller, uint32_t module, uint64_t address) {
    return recording_.node(caller, NodeKind::kNative, module, static_cast<int64_t>(address));
  }
  StackId run(StackId caller, StackId innermost) {
    return recording_.node(caller, NodeKind::kNativeRun, raw(innermost), 0);
  }
  StackId fetch() { return recording_.stack({{"main", "/srv/app.py", 22}, {"fetch", "/srv/cursor.py", 112}}); }

  // outer_call with inner_call inlined, called by the interpreter, called by fetch.
  StackId outer_call() { return run(fetch(), native(native({}, 2, 0x1000), 1, sample_.address_in("outer_call"))); }
  void hold(StackId stack, Domain domain = Domain::kMalloc) {
    ++count_;
    recording_.alloc(1, kStart + count_, 0x1000 * count_, 100, stack, domain);
  }

  std::string module_path() const { return directory_.file("_fast.so"); }
  std::string profile() const { return directory_.file("x.cistern"); }
  void write() {
    recording_.end(kStart + 1'000'000, EndKind::kExit, 0);
    recording_.write(profile());
  }
  std::string cistern(const std::string& arguments, int expected = 0) {
    const std::string command = std::string("COLUMNS=80 ") + CISTERN_BINARY + " " + arguments + " 2>&1";
    std::FILE* const pipe = popen(command.c_str(), "r");
    std::string out;
    char buffer[4096];
    for (size_t n = fread(buffer, 1, sizeof buffer, pipe); n != 0; n = fread(buffer, 1, sizeof buffer, pipe)) {
      out.append(buffer, n);
    }
    const int status = pclose(pipe);
    EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, expected) << arguments << "\n" << out;
    return out;
  }
  std::string peak(const std::string& more = "") { return cistern("peak " + more + " " + profile()); }
  // Behind what it says of modules that this machine has, but not these.
  json peak_json(const std::string& more = "") {
    const std::string text = peak("--json " + more);
    return json::parse(text.substr(std::min(text.find('{'), text.size())));
  }
  std::string line(const char* constant) const { return std::to_string(sample_.line(constant)); }

  NativeSample sample_;
  TemporaryDirectory directory_;
  Recording recording_;
  uint64_t count_ = 0;
};

TEST_F(NativeReports, NativeFramesFollowThePythonLineThatCalledThem) {
  hold(outer_call());
  write();
  const std::string text = peak();
  const size_t fetch = text.find("     fetch ");
  const size_t inner = text.find("\n       _fast.so: inner_call");
  const size_t outer = text.find("\n       ← _fast.so: outer_call (sample.cpp:" + line("kOuterLine") + ")\n");
  const size_t main = text.find("     ← main ");
  for (const size_t at : {fetch, inner, outer, main}) ASSERT_NE(at, std::string::npos) << text;
  EXPECT_TRUE(fetch < inner && inner < outer && outer < main) << text;
  EXPECT_EQ(text.find("libpython"), std::string::npos) << text;
}

TEST_F(NativeReports, StacksThatDifferOnlyInInterpreterFramesAreOneGroup) {
  hold(run(fetch(), native({}, 2, 0x1000)));
  hold(run(fetch(), native({}, 2, 0x2000)));
  hold(run(fetch(), native({}, 4, 0x2000)));
  hold(run(fetch(), native(recording_.node({}, NodeKind::kUnknown, 0, 0), 2, 0x3000)));
  hold(fetch());
  write();
  const json report = peak_json();
  ASSERT_EQ(report["groups"].size(), 1u);
  EXPECT_EQ(report["groups"][0]["blocks"], 5);
  EXPECT_EQ(report["groups"][0]["stack"][0]["function"], "fetch");
  EXPECT_EQ(peak_json("--internals")["groups"].size(), 5u);
  EXPECT_NE(peak("--internals").find("libpython3.11.so.1.0+0x1000"), std::string::npos);
  EXPECT_NE(peak("--internals").find("python3+0x2000"), std::string::npos);
}

TEST_F(NativeReports, TwoCallsInOneLineAreOneGroup) {
  const uint64_t address = sample_.address_in("plain_call");
  hold(run(fetch(), native({}, 1, address)));
  hold(run(fetch(), native({}, 1, address - 1)));
  write();
  EXPECT_EQ(peak_json()["groups"].size(), 1u);
}

TEST_F(NativeReports, JsonHasModuleFunctionFileLineAndAddress) {
  hold(outer_call());
  write();
  const json stack = peak_json()["groups"][0]["stack"];
  ASSERT_EQ(stack.size(), 4u);
  const json& outer = stack[1];
  EXPECT_EQ(outer["native"], true);
  EXPECT_EQ(outer["module"], module_path());
  EXPECT_EQ(outer["function"], "outer_call");
  EXPECT_EQ(outer["line"], sample_.line("kOuterLine"));
  EXPECT_EQ(outer["address"], sample_.address_in("outer_call"));
  EXPECT_EQ(stack[2]["native"], false);
}

TEST_F(NativeReports, StackWithoutPythonShowsItsNativeFrames) {
  hold(native({}, 1, sample_.address_in("plain_call")));
  write();
  const std::string text = peak();
  EXPECT_NE(text.find("_fast.so: plain_call"), std::string::npos) << text;
  EXPECT_EQ(text.find("no Python stack"), std::string::npos) << text;
  EXPECT_NE(cistern("export --format collapsed " + profile()).find("plain_call (_fast.so) 100"), std::string::npos);
}

TEST_F(NativeReports, AnotherBuildOfTheModuleIsNotUsedButReported) {
  fs::copy_file(sample_path("sample_other.so"), directory_.file("sample_other.so"));
  hold(run(fetch(), native({}, 3, sample_.address_in("plain_call"))));
  write();
  const std::string text = peak();
  EXPECT_NE(text.find("sample_other.so: is not the build that was recorded"), std::string::npos) << text;
  EXPECT_NE(text.find("sample_other.so+0x"), std::string::npos) << text;
}

TEST_F(NativeReports, FiltersMatchFunctionsModulesAndSources) {
  hold(outer_call());
  hold(fetch());
  write();
  for (const char* filter : {"--function outer_call", "--file _fast.so", "--file native/sample.cpp"}) {
    EXPECT_EQ(peak_json(filter)["groups"].size(), 1u) << filter;
    EXPECT_EQ(peak_json(filter)["groups"][0]["blocks"], 1) << filter;
  }
  EXPECT_EQ(peak_json("--file libpython3.11")["groups"].size(), 0u);
  EXPECT_EQ(peak_json("--internals --file libpython3.11")["groups"].size(), 1u);
}

TEST_F(NativeReports, LinesAndTreeCountNativeCallsForTheCallingLine) {
  hold(outer_call());
  hold(fetch());
  write();
  const json lines = json::parse(cistern("lines --json cursor.py " + profile()));
  EXPECT_EQ(lines["lines"][0]["line"], 112);
  EXPECT_EQ(lines["lines"][0]["live"]["bytes"], 200);
  const std::string tree = cistern("tree --min-share 0 " + profile());
  EXPECT_NE(tree.find("_fast.so: outer_call"), std::string::npos) << tree;
}

TEST_F(NativeReports, ManyNativeFramesAreElidedInTheMiddle) {
  StackId chain{};
  for (uint64_t i = 0; i < 9; ++i) chain = native(chain, 3, 0x100 + i);
  hold(run(fetch(), chain));
  write();
  const std::string text = peak();
  EXPECT_NE(text.find("       sample_other.so+0x108\n       ← sample_other.so+0x107\n       ← sample_other.so+0x106\n"
                      "         … 5 more\n       ← sample_other.so+0x100\n"),
            std::string::npos)
      << text;
  EXPECT_NE(peak("--depth 0").find("← sample_other.so+0x104\n"), std::string::npos);
}

TEST_F(NativeReports, SymbolsStayInTheProfileWhenTheFilesAreGone) {
  hold(outer_call());
  hold(run(fetch(), native({}, 3, 0x40)));
  write();
  const std::string before = peak();
  const std::string said = cistern("symbolize " + profile());
  EXPECT_NE(said.find("x.cistern: 3 native addresses: 1 with file and line, 0 with function only, 2 unknown; 1 new\n"),
            std::string::npos)
      << said;
  fs::remove(module_path());
  EXPECT_EQ(peak(), before);
  EXPECT_FALSE(fs::exists(profile() + ".d"));
}

TEST_F(NativeReports, SymbolizingTwiceChangesNothing) {
  hold(outer_call());
  write();
  cistern("symbolize " + profile());
  const auto size = fs::file_size(profile());
  const std::string said = cistern("symbolize " + profile());
  EXPECT_NE(said.find("; 0 new\n"), std::string::npos) << said;
  EXPECT_EQ(fs::file_size(profile()), size);
}

TEST_F(NativeReports, DebugInformationReplacesNamesOfASymbolTable) {
  fs::copy_file(sample_path("stripped.so"), module_path(), fs::copy_options::overwrite_existing);
  hold(outer_call());
  write();
  EXPECT_NE(cistern("symbolize " + profile()).find("1 with function only"), std::string::npos);
  fs::copy_file(sample_path("sample.so"), module_path(), fs::copy_options::overwrite_existing);
  EXPECT_NE(cistern("symbolize " + profile()).find("1 with file and line"), std::string::npos);
  EXPECT_NE(peak().find("_fast.so: inner_call"), std::string::npos);
}

TEST_F(NativeReports, PackedAndSnapshotProfilesAreSymbolized) {
  hold(outer_call());
  write();
  const std::string before = cistern("leaks --all --json " + profile());
  for (const char* packing : {"pack", "pack --snapshot"}) {
    cistern(std::string(packing) + " " + profile());
    cistern("symbolize " + profile());
  }
  cistern("pack " + profile());
  fs::remove(module_path());
  const json after = json::parse(cistern("leaks --all --json " + profile()));
  EXPECT_EQ(after["groups"], json::parse(before)["groups"]);
}

TEST_F(NativeReports, MisleadingSymbolsDoNotBreakReports) {
  const uint64_t address = sample_.address_in("outer_call");
  hold(outer_call());
  recording_.seal(0);
  const auto symbol = [&](uint32_t module, uint64_t at, uint32_t level, SymbolSource source,
                          std::string_view function) {
    recording_.record(SymbolRecord{ModuleId{module}, at, level, source, UINT32_MAX, function, "\x1b[2J.c"});
  };
  symbol(0, address, 0, SymbolSource::kDebugInfo, "none");
  symbol(1, address, 3, SymbolSource::kDebugInfo, "third");
  symbol(77, 5, 0, SymbolSource::kDebugInfo, "elsewhere");
  symbol(1, address, 1, SymbolSource::kDebugInfo, "second");
  for (uint32_t level = 0; level < 5000; ++level)
    symbol(1, address, level, static_cast<SymbolSource>(99), "\x1b[2Jlie");
  symbol(1, address, 0, SymbolSource::kNone, "late");
  write();
  for (const char* command : {"peak", "peak --json", "leaks --all", "tree", "summary", "dump", "check", "symbolize",
                              "export --format collapsed"}) {
    const std::string text = cistern(std::string(command) + " " + profile());
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << command;
  }
}

TEST_F(NativeReports, SuppressionsMatchModulesAndNativeFunctions) {
  recording_.phase(kStart, Phase::kRunning);
  for (uint64_t i = 0; i < 100; ++i) {
    recording_.mark(kStart + 1000 * i, "round");
    for (int j = 0; j < 100; ++j) {
      recording_.alloc(1, kStart + 1000 * i + 5 + static_cast<uint64_t>(j),
                       0x100000 + 0x10000 * i + 0x100 * static_cast<uint64_t>(j), 100, outer_call(), Domain::kMalloc);
    }
  }
  write();
  const std::string failed = cistern("check " + profile(), 1);
  EXPECT_NE(failed.find("cursor.py:112 in fet"), std::string::npos) << failed;
  EXPECT_NE(failed.find("_fast.so: inner_call"), std::string::npos) << failed;
  for (const char* entry : {"module = '_fast*.so'", "module = '*/_fast.so'", "function = 'outer_call'"}) {
    std::ofstream(directory_.file("accepted.toml")) << "[[suppress]]\nreason = 'known'\n" << entry << "\n";
    cistern("check --suppressions " + directory_.file("accepted.toml") + " " + profile());
  }
  std::ofstream(directory_.file("accepted.toml")) << "[[suppress]]\nreason = 'known'\nmodule = '_slow*.so'\n";
  cistern("check --suppressions " + directory_.file("accepted.toml") + " " + profile(), 1);
}

}  // namespace
}  // namespace cistern::analyzer
