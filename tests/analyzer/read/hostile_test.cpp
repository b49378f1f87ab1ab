// Hostile profiles. `cistern` runs with 512 MiB of addresses and little time. For every content it must end with a
// documented exit code and print no control characters.

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "analyzer/cli/commands.h"
#include "analyzer/render/layout/columns.h"
#include "tests/builders/sample_recordings.h"

namespace cistern::analyzer {
namespace {

// Everything that a terminal may take for a command: ESC, CSI as one byte and as C1, OSC, BEL, DEL, newlines,
// right-to-left overrides, line separators, bytes that are not UTF-8.
constexpr std::string_view kVenom =
    "\x1b[2J\x1b]0;owned\x07\u009b31m\x9b"
    "31m\u202egnp\u2066\u2028\r\n\x7f\xff\xc0\x80\xed\xa0\x80.py";

// AddressSanitizer reserves far more addresses, so its limit of resident memory is used.
#if defined(__SANITIZE_ADDRESS__)
constexpr const char* kMemoryLimit = "export ASAN_OPTIONS=hard_rss_limit_mb=1536";
#else
constexpr const char* kMemoryLimit = "ulimit -v 524288";
#endif

class Hostile : public testing::Test {
 protected:
  // Runs cistern in the test's directory. out_ has standard output and standard error.
  int cistern(const std::string& arguments) {
    const std::string limits = kMemoryLimit + ("; cd '" + directory_.path() + "'; ");
    const std::string command = limits + "timeout 20 " + CISTERN_BINARY + " " + arguments + " 2>&1";
    std::FILE* const pipe = popen(command.c_str(), "r");
    char buffer[4096];
    out_.clear();
    for (size_t n = fread(buffer, 1, sizeof buffer, pipe); n != 0; n = fread(buffer, 1, sizeof buffer, pipe)) {
      out_.append(buffer, n);
    }
    const int status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  // Newlines are allowed; other control characters are not.
  static void expect_plain(const std::string& text, const std::string& what) {
    std::string one_line = text;
    for (char& c : one_line) c = c == '\n' ? ' ' : c;
    EXPECT_EQ(printable(one_line), one_line) << what;
  }

  // Exit code 2: `lines` found nothing of the file.
  void expect_harmless(const std::string& arguments) {
    const int code = cistern(arguments);
    const bool asks_for_lines = arguments.starts_with("lines");
    EXPECT_TRUE(code == 0 || code == 1 || code == 3 || (asks_for_lines && code == 2))
        << arguments << ": " << code << "\n"
        << out_;
    expect_plain(out_, arguments);
    if (arguments.find("--json") != std::string::npos && code < 2) {
      EXPECT_TRUE(nlohmann::json::accept(out_)) << arguments << "\n" << out_.substr(0, 400);
    }
  }

  void expect_all_harmless(const std::string& profile) {
    std::vector<std::string> reports = {"leaks --all", "pools --at worst --by function --map"};
    for (const Command& command : commands()) {
      const std::string name = command.name;
      if (command.group == kReports) reports.push_back(name == "lines" ? "lines x.py" : name);
    }
    for (const std::string& report : reports) {
      expect_harmless(report + " " + profile);
      expect_harmless(report + " --json " + profile);
    }
    expect_harmless("timeline --csv " + profile);
    expect_harmless("dump " + profile);
    expect_harmless("export --format collapsed " + profile);
  }

  std::string file(const std::string& name) const { return directory_.file(name); }

  TemporaryDirectory directory_;
  std::string out_;
};

// Every name in the profile consists of control characters.
Recording venomous() {
  Recording recording;
  recording.python(kVenom);
  recording.run_of(kVenom);
  EnvironmentRecord variable;
  variable.name = variable.value = kVenom;
  recording.record(variable);
  ThreadRecord thread;
  thread.stream_id = StreamId{1};
  thread.name = kVenom;
  recording.record(thread);
  ModuleRecord module;
  module.id = ModuleId{1};
  module.start = 0x1000;
  module.size = 0x1000;
  module.path = module.build_id = kVenom;
  recording.record(module);
  const StackId python = recording.stack({{kVenom, "x.py", 3}, {kVenom, kVenom, 7}});
  const StackId native = recording.node(python, NodeKind::kNative, 1, 0x20);
  for (uint64_t i = 0; i < 100; ++i) {
    recording.alloc(1, kStart + i, 0x10000 + 64 * i, 48, i % 2 == 0 ? native : python);
    if (i % 20 == 0) recording.mark(kStart + i, kVenom);
  }
  recording.end(kStart + 100, EndKind::kExit, 0);
  return recording;
}

TEST_F(Hostile, ControlCharactersInNamesAreEscaped) {
  venomous().write(file("x.cistern"));
  std::ofstream(file("x.py")) << "def f():\n    pass\n    print('" << kVenom << "')\n";
  expect_all_harmless("x.cistern");
}

TEST_F(Hostile, ControlCharactersInFileNamesAreEscaped) {
  const std::string name = "\x1b[2J\u202e\u009b.cistern";
  venomous().write(file(name));
  expect_all_harmless("'" + name + "'");
  for (const char* command : {"summary ", "leaks --json ", "check --suppressions "}) {
    EXPECT_NE(cistern(command + ("'absent " + name + "' '" + name + "'")), 0);
    expect_plain(out_, command);
  }
}

TEST_F(Hostile, LineNumbersBehindTheEndOfASourceFileTakeNoTime) {
  Recording recording;
  for (const int64_t line : {int64_t{3}, INT64_MAX, int64_t{-5}}) {
    recording.alloc(1, kStart + 1, 0x1000 + static_cast<uint64_t>(line) % 4096 * 16, 48,
                    recording.stack({{"f", "x.py", line}}));
  }
  recording.write(file("x.cistern"));
  std::ofstream(file("x.py")) << "class C:\n    def f():\n        pass\n";
  expect_harmless("lines x.py x.cistern");
}

TEST_F(Hostile, SourcesThatAreNotRegularFilesAreNotRead) {
  ASSERT_EQ(mkfifo(file("fifo.py").c_str(), 0600), 0);
  std::filesystem::create_symlink("/dev/zero", file("zero.py"));
  std::filesystem::create_directory(file("folder.py"));
  std::ofstream(file("huge.py")).close();
  std::filesystem::resize_file(file("huge.py"), uint64_t{1} << 40);
  Recording recording;
  uint64_t address = 0x1000;
  for (const char* name : {"fifo.py", "zero.py", "folder.py", "huge.py"}) {
    recording.alloc(1, kStart + 1, address += 64, 48, recording.stack({{"f", name, 1}}));
  }
  recording.write(file("x.cistern"));
  for (const char* name : {"fifo.py", "zero.py", "folder.py", "huge.py"}) {
    EXPECT_EQ(cistern(std::string("lines ") + name + " x.cistern"), 0) << out_;
    EXPECT_NE(out_.find("the source is not on this machine"), std::string::npos) << out_;
  }
}

TEST_F(Hostile, GreatestTimesTakeNoMoreWindowsThanOthers) {
  Recording recording;
  recording.python("3.11.2");
  const StackId stack = recording.stack({{"f", "x.py", 1}});
  for (uint64_t i = 0; i < 64; ++i) {
    recording.alloc(1, uint64_t{1} << i, 0x10000 + 64 * i, UINT64_MAX >> i, stack);
    recording.mark(UINT64_MAX - i, "late");
  }
  recording.alloc(1, UINT64_MAX, 0x100, 16, stack);
  recording.map(2, UINT64_MAX, UINT64_MAX - 4096, UINT64_MAX, 0, stack);
  recording.end(UINT64_MAX, EndKind::kExit, 0);
  recording.write(file("x.cistern"));
  expect_all_harmless("x.cistern");
}

TEST_F(Hostile, GreatestIdsTakeNoMoreMemoryThanOthers) {
  Recording recording;
  for (uint32_t i = 0; i < 1000; ++i) {
    const uint32_t id = UINT32_MAX - 4000 * i;
    recording.record(StringRecord{StringId{id}, "f"});
    recording.record(StackNodeRecord{StackId{id}, StackId{id - 1}, NodeKind::kPython, id, 5});
    recording.alloc(1 + i % 3, kStart + i, 64 * i, 48, StackId{id});
  }
  recording.write(file("x.cistern"));
  expect_all_harmless("x.cistern");
}

TEST_F(Hostile, StacksOfAMillionFramesAndCyclicStacksEnd) {
  Recording recording;
  recording.python("3.11.2");
  const CodeId code = recording.code({"deep", "x.py", 1});
  StackId stack{};
  for (uint32_t depth = 0; depth < 1'000'000; ++depth) {
    if (depth % 5'000 == 0) recording.seal(0);
    stack = recording.node(stack, NodeKind::kPython, raw(code), depth % 50);
  }
  for (uint64_t i = 0; i < 200; ++i) recording.alloc(1, kStart + i, 64 * i, 48, stack);
  recording.record(StackNodeRecord{StackId{2'000'000}, StackId{2'000'000}, NodeKind::kPython, raw(code), 1});
  recording.record(StackNodeRecord{StackId{2'000'001}, StackId{2'000'002}, NodeKind::kPython, raw(code), 1});
  recording.record(StackNodeRecord{StackId{2'000'002}, StackId{2'000'001}, NodeKind::kPython, raw(code), 1});
  recording.alloc(1, kStart + 300, 1 << 20, 48, StackId{2'000'000});
  recording.alloc(1, kStart + 301, 1 << 21, 48, StackId{2'000'001});
  recording.write(file("x.cistern"));
  for (const char* command : {"summary", "leaks --all", "tree", "check", "peak", "lines x.py"}) {
    expect_harmless(std::string(command) + " x.cistern");
  }
}

// Each native run has the most frames, and is above all earlier runs.
TEST_F(Hostile, LongAndManyNativeRunsEnd) {
  Recording recording;
  recording.python("3.11.2");
  StackId chain{};
  for (uint32_t depth = 0; depth < 100'000; ++depth) {
    if (depth % 5'000 == 0) recording.seal(0);
    chain = recording.node(chain, NodeKind::kNative, 1, depth % 50);
  }
  StackId stack = recording.stack({{"f", "x.py", 1}});
  for (uint64_t i = 0; i < 100'000; ++i) {
    if (i % 5'000 == 0) recording.seal(0);
    stack = recording.node(stack, NodeKind::kNativeRun, raw(chain) - static_cast<uint32_t>(i % 1000), 0);
    recording.alloc(1, kStart + i, 64 * i, 48, stack);
  }
  recording.write(file("x.cistern"));
  for (const char* command : {"summary", "leaks --all", "tree", "check", "peak", "lines x.py"}) {
    expect_harmless(std::string(command) + " x.cistern");
  }
}

TEST_F(Hostile, FilesThatAreNotProfilesAreRefusedWithExitCode3) {
  ASSERT_EQ(mkfifo(file("fifo").c_str(), 0600), 0);
  std::ofstream(file("empty")).close();
  for (const char* path : {".", "fifo", "/dev/zero", "/dev/full", "empty", "/proc/self/mem", "absent"}) {
    EXPECT_EQ(cistern(std::string("summary ") + path), 3) << path << "\n" << out_;
    EXPECT_EQ(out_.find('\n'), out_.size() - 1) << out_;
  }
}

TEST_F(Hostile, TruncatedProfilesAreRefusedOrRead) {
  std::filesystem::path smallest;
  for (const auto& entry : std::filesystem::directory_iterator(CISTERN_GOLDEN)) {
    const bool profile = entry.path().extension() == ".cistern" && entry.is_regular_file();
    if (profile && (smallest.empty() || entry.file_size() < std::filesystem::file_size(smallest))) smallest = entry;
  }
  std::filesystem::copy_file(smallest, file("x.cistern"));
  // Lengths behind the header page, and some within it.
  for (uint64_t size = std::filesystem::file_size(smallest); size > 0; size -= std::min<uint64_t>(size, 97)) {
    std::filesystem::resize_file(file("x.cistern"), size - 1);
    const int code = cistern("summary x.cistern");
    EXPECT_TRUE(code == 0 || code == 3) << size << ": " << code << "\n" << out_;
  }
}

TEST_F(Hostile, ASparseFileOfATerabyteTakesNoTimeAndNoMemory) {
  Recording recording = venomous();
  recording.write(file("x.cistern"));
  std::filesystem::resize_file(file("x.cistern"), uint64_t{1} << 40);
  std::string tail = recording.sealed().back().sealed();
  std::fstream(file("x.cistern"), std::ios::in | std::ios::out | std::ios::binary)
      .seekp((int64_t{1} << 39))
      .write(tail.data(), static_cast<std::streamsize>(tail.size()));
#if !defined(__SANITIZE_ADDRESS__)
  EXPECT_EQ(cistern("summary x.cistern"), 3) << out_;  // it does not fit into 512 MiB of addresses
  expect_plain(out_, "refusal");
#endif
  const auto began = std::chrono::steady_clock::now();
  const std::string command = std::string(CISTERN_BINARY) + " summary --json " + file("x.cistern") + " >" + file("out");
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(20));
}

}  // namespace
}  // namespace cistern::analyzer
