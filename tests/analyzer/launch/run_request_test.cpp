#include "analyzer/launch/run_request.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "analyzer/read/failure.h"

namespace cistern::analyzer {
namespace {

using Words = std::vector<std::string>;

RunRequest parse(Words words) {
  words.insert(words.begin(), "run");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  return parse_run_request(static_cast<int>(words.size()), arguments.data());
}

std::string failure_message(const Words& words) {
  try {
    parse(words);
  } catch (const Failure& failure) {
    EXPECT_EQ(static_cast<int>(failure.code()), 125);
    return failure.what();
  }
  return "no failure";
}

TEST(RunRequest, PassesEverythingAfterTheProgramToTheProgram) {
  const RunRequest request = parse({"-f", "python3", "-v", "--output", "x", "--", "y"});
  EXPECT_EQ(request.command, (Words{"python3", "-v", "--output", "x", "--", "y"}));
  EXPECT_FALSE(request.verbose);
}

TEST(RunRequest, ConsumesTheFirstDoubleDash) {
  EXPECT_EQ(parse({"--", "-odd", "--", "x"}).command, (Words{"-odd", "--", "x"}));
}

TEST(RunRequest, ConvertsOptionsToSettings) {
  const RunRequest request = parse({"-vfo", "a.cistern", "--max-size=3G", "--domains", "obj,mem", "--no-start",
                                    "--ring", "spill", "--follow", "all", "x"});
  const std::vector<Setting> expected = {{"force", "on"},        {"output", "a.cistern"}, {"max-size", "3G"},
                                         {"domains", "obj,mem"}, {"start", "off"},        {"ring", "spill"},
                                         {"follow", "all"}};
  EXPECT_EQ(request.settings, expected);
  EXPECT_TRUE(request.verbose);
}

TEST(RunRequest, NamesTheUnknownOption) {
  EXPECT_EQ(failure_message({"--colour", "x"}), "--colour: no such option (see cistern run --help)");
  EXPECT_EQ(failure_message({"-vq", "x"}), "-q: no such option (see cistern run --help)");
  EXPECT_EQ(failure_message({"--output"}), "--output: needs a value (see cistern run --help)");
  EXPECT_EQ(failure_message({"-o"}), "-o: needs a value (see cistern run --help)");
  EXPECT_EQ(failure_message({"-v"}), "run: no program given (for example: cistern run -- python3 app.py)");
}

TEST(RunRequest, HelpFitsIntoEightyColumns) {
  std::istringstream help(run_help());
  for (std::string line; std::getline(help, line);) EXPECT_LE(line.size(), 81u) << line;
}

}  // namespace
}  // namespace cistern::analyzer
