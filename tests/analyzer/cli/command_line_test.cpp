// `cistern` as a program: exit codes, one line for every error, and the texts of --help.

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

#include "analyzer/cli/commands.h"
#include "tests/builders/sample_recordings.h"

namespace cistern::analyzer {
namespace {

struct Outcome {
  int exit_code = -1;
  std::string out;  // both streams
};

Outcome cistern(const std::string& arguments) {
  const std::string command = "{ " + std::string(CISTERN_BINARY) + " " + arguments + "; } 2>&1";
  std::FILE* const pipe = popen(command.c_str(), "r");
  Outcome outcome;
  char buffer[4096];
  for (size_t n = fread(buffer, 1, sizeof buffer, pipe); n != 0; n = fread(buffer, 1, sizeof buffer, pipe)) {
    outcome.out.append(buffer, n);
  }
  const int status = pclose(pipe);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

size_t width_of_line(const std::string& line) {
  return static_cast<size_t>(std::count_if(line.begin(), line.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

bool is_one_line(const std::string& text) {
  return !text.empty() && text.find('\n') == text.size() - 1;
}

TEST(CommandLine, WrongArgumentsEndWithCode2AndOneLine) {
  for (const char* arguments : {"frobnicate", "leaks", "leaks --top many x", "leaks --domain none x", "leaks --frob x",
                                "summary --depth 3 x", "pack", "pack -o x y z"}) {
    const Outcome outcome = cistern(arguments);
    EXPECT_EQ(outcome.exit_code, 2) << arguments;
    EXPECT_TRUE(is_one_line(outcome.out)) << outcome.out;
    EXPECT_EQ(outcome.out.rfind("cistern: ", 0), 0u) << outcome.out;
  }
}

TEST(CommandLine, ErrorNamesAnUnknownCommand) {
  EXPECT_TRUE(cistern("").out.ends_with("cistern: no command given (see --help)\n")) << cistern("").out;
  EXPECT_NE(cistern("").out.find("  leaks "), std::string::npos) << cistern("").out;
  EXPECT_EQ(cistern("frobnicate x").out, "cistern: frobnicate: no such command (see --help)\n");
}

TEST(CommandLine, PackThatCannotWriteReportsItAndLeavesNoFile) {
  const TemporaryDirectory directory;
  const std::string from = directory.file("x.cistern");
  const std::string to = directory.file("y.cistern");
  leaky_service().write(from);
  const auto before = std::filesystem::file_size(from);
  const Outcome outcome =
      cistern("--version; ulimit -f 1; " + std::string(CISTERN_BINARY) + " pack -o " + to + " " + from);
  EXPECT_EQ(outcome.exit_code, 3) << outcome.out;
  EXPECT_NE(outcome.out.find("cistern: " + to + ": "), std::string::npos) << outcome.out;
  EXPECT_FALSE(std::filesystem::exists(to));
  EXPECT_EQ(std::filesystem::file_size(from), before);
}

TEST(CommandLine, UnreadableProfileEndsWithCode3AndOneLine) {
  const TemporaryDirectory directory;
  std::ofstream(directory.file("garbage")) << "not a profile at all, but long enough to be read";
  for (const std::string name : {"garbage", "absent", ""}) {
    for (const char* command : {"leaks ", "leaks --all --json ", "summary ", "dump ", "pack "}) {
      const Outcome outcome = cistern(command + directory.file(name));
      EXPECT_EQ(outcome.exit_code, 3) << command;
      EXPECT_TRUE(is_one_line(outcome.out)) << outcome.out;
      EXPECT_EQ(outcome.out.rfind("cistern: cannot read profile: " + directory.path(), 0), 0u) << outcome.out;
    }
  }
}

TEST(CommandLine, ReportsReadableProfilesAndNamesTheUnreadableOne) {
  const TemporaryDirectory directory;
  leaky_service().write(directory.file("x.cistern"));
  const Outcome outcome = cistern("summary " + directory.file("x.cistern") + " " + directory.file("absent"));
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.out.find("service.py, CPython 3.11.2"), std::string::npos);
  EXPECT_NE(outcome.out.find("absent: No such file"), std::string::npos);
}

TEST(CommandLine, ReportsHowMuchOfADamagedProfileIsUnreadable) {
  const TemporaryDirectory directory;
  const std::string path = directory.file("x.cistern");
  std::string file = leaky_service().bytes();
  file[file.rfind("CSEG") + 100] ^= 1;
  std::ofstream(path, std::ios::binary) << file;
  const Outcome outcome = cistern("summary " + path);
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_NE(outcome.out.find("unreadable at byte"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("(bad checksum); report covers the rest"), std::string::npos);
}

// `check` judges every profile; one that lacks what it needs does not pass.
TEST(CommandLine, ReportsRefuseAProfileWithoutWhatTheyNeedAndNameTheOthers) {
  const TemporaryDirectory directory;
  const std::string snapshot = directory.file("snapshot.cistern");
  leaky_service().write(snapshot);
  ASSERT_EQ(cistern("pack --snapshot " + snapshot).exit_code, 0);
  const std::string overwritten = directory.file("overwritten.cistern");
  Recording recording = leaky_service();
  recording.record(EpochRecord{kStart + 1, 7});
  recording.write(overwritten);
  struct Case {
    Needs missing;
    std::string profile;
  };
  for (const auto& [missing, profile] : {Case{Needs::kEvents, snapshot}, Case{Needs::kLiveSet, overwritten}}) {
    for (const Command& command : commands()) {
      if (command.group != kReports) continue;
      const std::string name = command.name;
      const Outcome outcome = cistern(name + (name == "lines" ? " service.py " : " ") + profile);
      EXPECT_EQ(outcome.exit_code == 3, command.needs == missing) << name << ": " << outcome.out;
      if (outcome.exit_code != 3 || name == "check") continue;
      EXPECT_EQ(outcome.out.rfind("cistern: " + profile + ": not in this profile: ", 0), 0u) << outcome.out;
      const std::string advice = outcome.out.substr(std::min(outcome.out.find(" (use "), outcome.out.size()));
      for (const Command& other : commands()) {
        const bool works = other.group == kReports && other.needs != missing;
        const std::regex name_of_other("\\b" + std::string(other.name) + "\\b");
        EXPECT_EQ(std::regex_search(advice, name_of_other), works) << other.name << ": " << outcome.out;
      }
    }
  }
}

TEST(CommandLine, ErrorForAnUnknownMarkListsTheExistingMarks) {
  const TemporaryDirectory directory;
  leaky_service().write(directory.file("x.cistern"));
  const Outcome outcome = cistern("leaks --all --at never " + directory.file("x.cistern"));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_NE(outcome.out.find("no mark never (it has half)"), std::string::npos) << outcome.out;
}

TEST(CommandLine, HelpListsEveryCommand) {
  const Outcome outcome = cistern("--help");
  EXPECT_EQ(outcome.exit_code, 0);
  for (const Command& command : commands()) {
    EXPECT_NE(outcome.out.find(std::string("\n  ") + command.name), std::string::npos) << command.name;
    EXPECT_NE(outcome.out.find(command.help), std::string::npos) << command.name;
  }
}

TEST(CommandLine, HelpOfEveryCommandFitsIntoEightyColumns) {
  EXPECT_EQ(std::string(commands().front().name), "run");
  for (const Command& command : commands()) {
    const Outcome outcome = cistern(std::string(command.name) + " --help");
    EXPECT_EQ(outcome.exit_code, 0) << command.name;
    EXPECT_NE(outcome.out.find("Usage: cistern " + std::string(command.name)), std::string::npos) << outcome.out;
    std::istringstream lines(outcome.out);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(width_of_line(line), 80u) << line;
  }
}

TEST(CommandLine, ReportsIntoAPipeHaveEightyColumnsAndNoColour) {
  const TemporaryDirectory directory;
  leaky_service().write(directory.file("x.cistern"));
  for (const char* command : {"summary ", "leaks --all ", "leaks "}) {
    std::istringstream lines(cistern(command + directory.file("x.cistern")).out);
    for (std::string line; std::getline(lines, line);) {
      if (line.rfind("next: ", 0) == 0) continue;  // a path is not cut
      EXPECT_LE(width_of_line(line), 80u) << line;
      EXPECT_EQ(line.find('\x1b'), std::string::npos);
    }
  }
}

TEST(CommandLine, OutputThatCannotBeWrittenIsReported) {
  const TemporaryDirectory directory;
  leaky_service().write(directory.file("x.cistern"));
  const Outcome outcome = cistern("summary " + directory.file("x.cistern") + " >/dev/full");
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_NE(outcome.out.find("standard output: No space left"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace cistern::analyzer
