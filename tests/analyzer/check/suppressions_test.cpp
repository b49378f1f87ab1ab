// Which leaks a suppression file accepts, and what is said of a file that is wrong.

#include "analyzer/check/suppressions.h"

#include <gtest/gtest.h>

#include "analyzer/read/failure.h"

namespace cistern::analyzer {
namespace {

constexpr std::chrono::sys_days kToday = std::chrono::sys_days(std::chrono::year(2026) / 11 / 24);

Suppressions read(std::string_view text) {
  return {text, "accepted.toml", kToday};
}

std::string complaint(std::string_view text) {
  try {
    read(text);
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), ExitCode::kUsage);
    return failure.what();
  }
  return "no complaint";
}

class SuppressionMatch : public testing::Test {
 protected:
  // work (app.py:20) → Registry.add (plugins.py:7) → _fast.so
  SuppressionMatch() {
    NodeId node = tree_.child(kRootNode, frame(FrameKind::kPython, "work", "/srv/app.py", ""));
    node = tree_.child(node, frame(FrameKind::kPython, "Registry.add", "/srv/lib/plugins.py", ""));
    group_.stack = tree_.child(node, frame(FrameKind::kNative, "buf_new", "", "/srv/lib/_fast.so"));
  }

  FrameId frame(FrameKind kind, std::string_view function, std::string_view file, std::string_view module) {
    Frame frame;
    frame.kind = kind;
    frame.function = function;
    frame.file = file;
    frame.module = module;
    frame.line = 7;
    return tree_.intern(frame);
  }
  bool suppressed_by(const std::string& fields) {
    Suppressions suppressions = read("[[suppress]]\nreason = 'known'\n" + fields);
    const bool found = suppressions.suppress(tree_, group_).has_value();
    EXPECT_EQ(found, suppressions.entries()[0].used && !suppressions.entries()[0].expired);
    return found;
  }

  CallTree tree_;
  LeakGroup group_;
};

TEST_F(SuppressionMatch, FunctionMatchesAnyFrameByTextOrGlob) {
  EXPECT_TRUE(suppressed_by("function = 'Registry.add'"));
  EXPECT_TRUE(suppressed_by("function = 'Registry'"));
  EXPECT_TRUE(suppressed_by("function = '*.add'"));
  EXPECT_TRUE(suppressed_by("function = 'work'"));
  EXPECT_FALSE(suppressed_by("function = '*.ad'"));
  EXPECT_FALSE(suppressed_by("function = 'other'"));
}

TEST_F(SuppressionMatch, FunctionAndFileMustMatchTheSameFrame) {
  EXPECT_TRUE(suppressed_by("function = 'Registry.add'\nfile = '*/plugins.py'"));
  EXPECT_FALSE(suppressed_by("function = 'Registry.add'\nfile = '*/app.py'"));
  EXPECT_TRUE(suppressed_by("function = 'work'\nfile = 'app.py'"));
}

TEST_F(SuppressionMatch, ModuleMatchesANativeFrameOfTheSameStack) {
  EXPECT_TRUE(suppressed_by("module = '*/_fast.so'"));
  EXPECT_TRUE(suppressed_by("module = '_fast'\nfunction = 'work'"));
  EXPECT_FALSE(suppressed_by("module = 'plugins.py'"));
  EXPECT_FALSE(suppressed_by("module = '_fast'\nfunction = 'other'"));
}

TEST_F(SuppressionMatch, KindMatchesOnlyThatKind) {
  EXPECT_TRUE(suppressed_by("kind = 'unknown'"));
  EXPECT_TRUE(suppressed_by("kind = 'unk*'\nfunction = 'work'"));
  EXPECT_FALSE(suppressed_by("kind = 'lost'"));
}

TEST_F(SuppressionMatch, EntryIsValidOnItsLastDayAndExpiresAfterIt) {
  EXPECT_TRUE(suppressed_by("function = 'work'\nexpires = 2026-11-24"));
  EXPECT_FALSE(suppressed_by("function = 'work'\nexpires = 2026-11-23"));
  EXPECT_TRUE(suppressed_by("function = 'work'\nexpires = 2027-01-31"));
}

TEST_F(SuppressionMatch, AllMatchingEntriesAreUsedAndTheFirstGivesTheReason) {
  Suppressions suppressions = read(
      "[[suppress]]\nfunction = 'nobody'\nreason = 'a'\n"
      "[[suppress]]\nfunction = 'work'\nreason = 'b'\nexpires = 2020-01-01\n"
      "[[suppress]]\nfunction = 'work'\nreason = 'c'\n"
      "[[suppress]]\nfile = 'plugins'\nreason = 'd'\n");
  EXPECT_EQ(suppressions.suppress(tree_, group_), 2u);
  const auto& entries = suppressions.entries();
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_FALSE(entries[0].used);
  EXPECT_TRUE(entries[1].used && entries[1].expired);
  EXPECT_EQ(entries[1].expires, "2020-01-01");
  EXPECT_TRUE(entries[2].used && entries[3].used);
  EXPECT_EQ(entries[3].line, 11u);
}

TEST(Suppressions, EmptyFileHasNoEntries) {
  EXPECT_TRUE(read("").entries().empty());
  EXPECT_TRUE(read("# nothing yet\n").entries().empty());
}

TEST(Suppressions, InvalidEntryIsReportedWithFileAndLine) {
  EXPECT_EQ(complaint("[[suppress]]\nfunction = 'f'\n"), "accepted.toml:1: a reason is required");
  EXPECT_EQ(complaint("\n[[suppress]]\nfunction = 'f'\nreason = ' '\n"), "accepted.toml:2: a reason is required");
  EXPECT_EQ(complaint("[[suppress]]\nreason = 'r'\n"),
            "accepted.toml:1: this entry would suppress everything: add function, file, module or kind");
  EXPECT_EQ(complaint("[[suppress]]\nreason = 'r'\nfunctoin = 'f'\n"),
            "accepted.toml:3: unknown field 'functoin'; known fields: function, file, module, kind, reason, expires");
  EXPECT_EQ(complaint("[[suppress]]\nreason = 'r'\nfunction = 3\n"),
            "accepted.toml:3: function must be a non-empty string");
  EXPECT_EQ(complaint("[[suppress]]\nreason = 'r'\nfunction = ''\n"),
            "accepted.toml:3: function must be a non-empty string");
  EXPECT_EQ(complaint("[[suppress]]\nreason = 'r'\nfunction = 'f'\nexpires = '2027-01-31'\n"),
            "accepted.toml:4: expires must be a date without quotes, such as 2027-01-31");
  EXPECT_EQ(complaint("[suppress]\nfunction = 'f'\nreason = 'r'\n"),
            "accepted.toml:1: unknown key 'suppress'; write entries as [[suppress]]");
  EXPECT_EQ(complaint("[[supress]]\nfunction = 'f'\nreason = 'r'\n"),
            "accepted.toml:1: unknown key 'supress'; write entries as [[suppress]]");
}

TEST(Suppressions, InvalidTomlIsReportedWithTheLineInOneLine) {
  for (const char* text :
       {"[[suppress]]\nfunction = \n", "[[suppress]]\nfunction = 'f\n", "\x01", "[[suppress]\n", "[[[suppress]]\n",
        "[[suppress]]\nfunction = 'f'\nexpires = 2027-13-41\n", "[[suppress]]\na = 1\na = 2\n"}) {
    const std::string said = complaint(text);
    EXPECT_TRUE(said.starts_with("accepted.toml:")) << said;
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;
  }
}

TEST(Suppressions, UnreadableFileIsAUsageError) {
  try {
    read_suppressions("/nowhere/accepted.toml");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), ExitCode::kUsage);
    EXPECT_STREQ(failure.what(), "/nowhere/accepted.toml: No such file or directory");
  }
}

}  // namespace
}  // namespace cistern::analyzer
