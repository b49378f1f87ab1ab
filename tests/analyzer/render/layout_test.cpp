#include <gtest/gtest.h>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/path_names.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/symbols/selection.h"

namespace cistern::analyzer {
namespace {

TEST(Units, HaveAtMostThreeDigits) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(999), "999 B");
  EXPECT_EQ(format_bytes(1000), "1.0 kB");
  EXPECT_EQ(format_bytes(7'600'000), "7.6 MB");
  EXPECT_EQ(format_bytes(312'400), "312 kB");
  EXPECT_EQ(format_bytes(999'700), "1.0 MB");
  EXPECT_EQ(format_bytes(UINT64_MAX), "18.4 EB");
  EXPECT_EQ(format_count(40'000), "40,000");
  EXPECT_EQ(format_count(41'234'567), "41.2 M");
  EXPECT_EQ(format_exact(31'457'280), "31,457,280");
  EXPECT_EQ(format_exact(7), "7");
  EXPECT_EQ(plural(1, "block"), "1 block");
  EXPECT_EQ(plural(2, "block"), "2 blocks");
}

TEST(Units, FormatTimesRatesAndShares) {
  EXPECT_EQ(format_seconds(0.0032), "3.2 ms");
  EXPECT_EQ(format_seconds(0.25), "250 ms");
  EXPECT_EQ(format_seconds(12.44), "12.4 s");
  EXPECT_EQ(format_seconds(7501), "2 h 05 min");
  EXPECT_EQ(format_rate(613'000), "613 kB/s");
  EXPECT_EQ(format_share(13, 100), "13 %");
  EXPECT_EQ(format_share(1, 100'000), "<1 %");
  EXPECT_EQ(format_share(1, 0), "0 %");
}

TEST(Columns, CountCharactersAndElideTheMiddle) {
  EXPECT_EQ(width_of("größe"), 5u);
  EXPECT_EQ(fit("abcdefghij", 5), "ab…ij");
  EXPECT_EQ(fit("größer als", 6), "gr…als");
  EXPECT_EQ(fit("abc", 3), "abc");
  EXPECT_EQ(fit("abc", 0), "");
  EXPECT_EQ(pad_right("ü", 3), "ü  ");
  EXPECT_EQ(pad_left("abcd", 3), "abcd");
}

TEST(Columns, ReplaceTerminalControlCharacters) {
  EXPECT_EQ(printable("a\x1b[31mb\n"), "a\uFFFD[31mb\uFFFD");
  EXPECT_EQ(printable("ok ü €"), "ok ü €");
  EXPECT_EQ(printable("\xff\xc3"), "\uFFFD\uFFFD");
  EXPECT_EQ(printable("\xc2\x9b"), "\uFFFD");
}

TEST(PathNames, AreTheShortestTailsThatDistinguishPaths) {
  PathNames names;
  for (const char* path :
       {"/a/x/app.py", "/a/y/app.py", "/b/y/app.py", "/lib/json/__init__.py", "/srv/only.py", "<string>"}) {
    names.add(path);
  }
  EXPECT_EQ(names.name("/a/x/app.py"), "x/app.py");
  EXPECT_EQ(names.name("/a/y/app.py"), "a/y/app.py");
  EXPECT_EQ(names.name("/b/y/app.py"), "b/y/app.py");
  EXPECT_EQ(names.name("/lib/json/__init__.py"), "json/__init__.py");
  EXPECT_EQ(names.name("/srv/only.py"), "only.py");
  EXPECT_EQ(names.name("<string>"), "<string>");
  EXPECT_EQ(names.name("/never/added.py"), "added.py");
}

TEST(Heading, NamesTheScriptOrModule) {
  EXPECT_EQ(program_name({"/usr/bin/python3", "-X", "dev", "/srv/app.py", "x"}), "app.py");
  EXPECT_EQ(program_name({"python3.11", "-m", "http.server"}), "-m http.server");
  EXPECT_EQ(program_name({"python3", "-c", "pass"}), "python3 -c");
  EXPECT_EQ(program_name({"/opt/bin/uwsgi", "--ini"}), "uwsgi");
  EXPECT_EQ(program_name({"python3"}), "python3");
  EXPECT_EQ(program_name({}), "(unknown program)");
}

TEST(Heading, QuotesPathsForAShellOnlyWhenNeeded) {
  EXPECT_EQ(shell_word("a/b-1.cistern"), "a/b-1.cistern");
  EXPECT_EQ(shell_word("my file"), "'my file'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
}

TEST(Heading, WrapsAtSpacesAndIndentsFurtherLines) {
  EXPECT_EQ(wrapped("aaa bbb ccc", 7), "aaa bbb\n  ccc\n");
  EXPECT_EQ(wrapped("", 7), "\n");
}

TEST(Selection, MatchesTextsAndGlobs) {
  EXPECT_TRUE(matches("load", "json.loads"));
  EXPECT_FALSE(matches("dump", "json.loads"));
  EXPECT_TRUE(matches("*/service.py", "/srv/service.py"));
  EXPECT_FALSE(matches("service.?", "/srv/service.py"));
}

TEST(Selection, MatchesAnyFrameOfAStack) {
  CallTree tree;
  const auto frame = [&](std::string_view function, std::string_view file) {
    Frame f;
    f.kind = FrameKind::kPython;
    f.function = function;
    f.file = file;
    return tree.intern(f);
  };
  const NodeId main = tree.child(kRootNode, frame("main", "/srv/app.py"));
  const NodeId leaf = tree.child(main, frame("loads", "/lib/json.py"));
  const NodeId other = tree.child(kRootNode, frame("loads", "/lib/json.py"));
  Selection selection;
  selection.functions = {"loads"};
  selection.files = {"app.py", "nothing"};
  StackSelection stacks(selection, tree);
  EXPECT_TRUE(stacks.selects(leaf));
  EXPECT_FALSE(stacks.selects(main));
  EXPECT_FALSE(stacks.selects(other));
  EXPECT_FALSE(stacks.selects(kRootNode));
}

TEST(Selection, SelectsThreadsByNameNumberAndMain) {
  Thread thread;
  thread.tid = 4712;
  thread.name = "pool-0";
  Selection selection;
  EXPECT_TRUE(selects_thread(selection, nullptr));
  selection.threads = {"pool-*"};
  EXPECT_TRUE(selects_thread(selection, &thread));
  EXPECT_FALSE(selects_thread(selection, nullptr));
  selection.threads = {"4712"};
  EXPECT_TRUE(selects_thread(selection, &thread));
  selection.threads = {"main"};
  EXPECT_FALSE(selects_thread(selection, &thread));
  thread.main = true;
  EXPECT_TRUE(selects_thread(selection, &thread));
}

}  // namespace
}  // namespace cistern::analyzer
