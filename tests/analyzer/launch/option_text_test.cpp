#include "analyzer/launch/option_text.h"

#include <gtest/gtest.h>

#include "analyzer/launch/output_path.h"
#include "analyzer/read/failure.h"
#include "tests/builders/temporary_directory.h"

namespace cistern::analyzer {
namespace {

Options parsed(const OptionText& composed) {
  Options options;
  EXPECT_FALSE(parse_options(composed.text, options)) << composed.text;
  return options;
}

std::string failure_message(const std::string& inherited, const std::vector<Setting>& settings) {
  try {
    compose_options(inherited, settings, "/here");
  } catch (const Failure& failure) {
    EXPECT_EQ(static_cast<int>(failure.code()), 125);
    return failure.what();
  }
  return "no failure";
}

TEST(OptionText, CommandLineOverridesInheritedOptions) {
  const OptionText composed =
      compose_options("max-size=5 follow=all domains=raw", {{"max-size", "7k"}, {"start", "off"}}, "/here");
  const Options options = parsed(composed);
  EXPECT_EQ(options.max_size, 7u * 1024);
  EXPECT_EQ(options.follow, Follow::kAll);
  EXPECT_EQ(options.domains, bit_of(Domain::kRaw));
  EXPECT_FALSE(options.start);
  EXPECT_EQ(composed.follow, Follow::kAll);
}

TEST(OptionText, KeepsTheDefaultNameInTheWorkingDirectory) {
  EXPECT_EQ(parsed(compose_options("", {}, "/here")).output, "/here/");
}

TEST(OptionText, MakesInheritedAndGivenOutputsAbsolute) {
  EXPECT_EQ(parsed(compose_options("output=a.cistern", {}, "/here")).output, "/here/a.cistern");
  EXPECT_EQ(parsed(compose_options("", {{"output", "b/c.cistern"}}, "/here")).output, "/here/b/c.cistern");
  EXPECT_EQ(parsed(compose_options("output=a.cistern", {{"output", "/b"}}, "/here")).output, "/b");
}

TEST(OptionText, QuotesValuesWithSpacesAndQuotes) {
  for (const std::string name : {"a b", "it's", "say \"a\"", "'a", "\"a", "a=b c", "ends in '"}) {
    const OptionText composed = compose_options("", {{"output", "/" + name}}, "/here");
    EXPECT_EQ(parsed(composed).output, "/" + name) << composed.text;
  }
}

TEST(OptionText, RefusesAValueWithBothKindsOfQuotes) {
  EXPECT_NE(failure_message("", {{"output", "it's \"a\""}}).find("both ' and \""), std::string::npos);
}

TEST(OptionText, NamesTheWrongOptionAndItsSource) {
  EXPECT_EQ(failure_message("max-size=lots", {}), "CISTERN_OPTIONS: 'max-size=lots': expected a size such as 512MiB");
  EXPECT_EQ(failure_message("", {{"follow", "me"}}), "--follow me: expected follow=python, all or none");
  EXPECT_EQ(failure_message("", {{"ring", "diamond"}}),
            "--ring diamond: expected ring=spill, drain, overwrite or snapshot");
}

TEST(OutputPath, EscapesPercentSignsOnlyInTheWorkingDirectory) {
  EXPECT_EQ(absolute_output("%p.cistern", "/a%pb"), "/a%%pb/%p.cistern");
  EXPECT_EQ(absolute_output("", "/a%pb"), "/a%%pb/");
}

TEST(OutputPath, UsesTheDefaultNameInADirectory) {
  const TemporaryDirectory directory;
  EXPECT_EQ(absolute_output(directory.path(), "/here"), directory.path() + "/");
}

TEST(OutputPath, IsFixedUnlessItHasPlaceholders) {
  EXPECT_EQ(fixed_path("/a/100%%.cistern"), "/a/100%.cistern");
  EXPECT_EQ(fixed_path("/a/%p.cistern"), std::nullopt);
  EXPECT_EQ(fixed_path("/a/x%"), std::nullopt);
}

}  // namespace
}  // namespace cistern::analyzer
