#include "cistern/format/options.h"

#include <gtest/gtest.h>

#include <string>

namespace cistern {
namespace {

Options parsed(std::string_view text) {
  Options options;
  const auto error = parse_options(text, options);
  EXPECT_FALSE(error) << text << ": " << (error ? error->expected : "");
  return options;
}

// "PAIR | EXPECTED" of the first error; "" if there is none.
std::string fault(std::string_view text) {
  Options options;
  const auto error = parse_options(text, options);
  return error ? std::string(error->pair) + " | " + std::string(error->expected) : "";
}

TEST(Options, AnEmptyTextKeepsTheDefaults) {
  for (const char* text : {"", " ", "   "}) {
    const Options options = parsed(text);
    EXPECT_EQ(options.output, "");
    EXPECT_FALSE(options.force);
    EXPECT_EQ(options.domains, kAllDomains);
    EXPECT_EQ(options.follow, Follow::kPython);
    EXPECT_EQ(options.ring, RingMode::kSpill);
    EXPECT_EQ(max_size_of(options), uint64_t{10} << 30);
    EXPECT_TRUE(options.start);
  }
}

TEST(Options, EveryNameSetsItsValue) {
  const Options options =
      parsed("output=/tmp/a.cistern force domains=malloc,mmap follow=all ring=spill max-size=64MiB start=off");
  EXPECT_EQ(options.output, "/tmp/a.cistern");
  EXPECT_TRUE(options.force);
  EXPECT_EQ(options.domains, bit_of(Domain::kMalloc) | bit_of(Domain::kMmap));
  EXPECT_EQ(options.follow, Follow::kAll);
  EXPECT_EQ(options.max_size, 64u << 20);
  EXPECT_FALSE(options.start);
}

TEST(Options, TheLastOfTwoPairsCounts) {
  EXPECT_EQ(parsed("follow=all follow=none").follow, Follow::kNone);
  EXPECT_FALSE(parsed("force force=off").force);
}

TEST(Options, QuotedValuesMayContainSpacesAndTheOtherQuote) {
  EXPECT_EQ(parsed("output='a b.cistern' force").output, "a b.cistern");
  EXPECT_TRUE(parsed("output='a b.cistern' force").force);
  EXPECT_EQ(parsed("output=\"it's\"").output, "it's");
  EXPECT_EQ(parsed("  output=\"x\"  ").output, "x");
  EXPECT_EQ(parsed("output=a=b").output, "a=b");
}

TEST(Options, AQuoteThatIsNotClosedIsAnError) {
  EXPECT_EQ(fault("output='a b"), "output='a b | a closing quote");
  EXPECT_EQ(fault("force output=\""), "output=\" | a closing quote");
}

TEST(Options, AnErrorNamesThePairAndWhatWasExpected) {
  EXPECT_EQ(fault("force=maybe start"), "force=maybe | on or off");
  EXPECT_EQ(fault("output="), "output= | output=PATH");
  EXPECT_EQ(fault("domains=heap"), "domains=heap | domains=all or a list of malloc, raw, mem, obj, mmap");
  EXPECT_EQ(fault("domains="), "domains= | domains=all or a list of malloc, raw, mem, obj, mmap");
  EXPECT_EQ(fault("max-size=1XB"), "max-size=1XB | a size such as 512MiB");
  EXPECT_EQ(fault("follow=me"), "follow=me | follow=python, all or none");
  EXPECT_NE(fault("colour=red").find("one of output, force"), std::string::npos);
}

TEST(Options, PairsBeforeAnErrorAreSet) {
  Options options;
  EXPECT_TRUE(parse_options("force nonsense=1 start=off", options));
  EXPECT_TRUE(options.force);
  EXPECT_TRUE(options.start);
}

TEST(Options, SizesHaveBinaryAndDecimalUnits) {
  EXPECT_EQ(parse_size("0"), 0u);
  EXPECT_EQ(parse_size("12B"), 12u);
  EXPECT_EQ(parse_size("3k"), 3072u);
  EXPECT_EQ(parse_size("3K"), 3072u);
  EXPECT_EQ(parse_size("3kB"), 3000u);
  EXPECT_EQ(parse_size("3KiB"), 3072u);
  EXPECT_EQ(parse_size("5MB"), 5'000'000u);
  EXPECT_EQ(parse_size("5MiB"), 5u << 20);
  EXPECT_EQ(parse_size("2GiB"), uint64_t{2} << 30);
  EXPECT_EQ(parse_size("1TiB"), uint64_t{1} << 40);
  EXPECT_EQ(parse_size("1TB"), 1'000'000'000'000u);
}

TEST(Options, MalformedSizesAreRefused) {
  for (const char* text : {"", "MiB", "-1", "1.5M", "1 M", "1X", "1MiBs", "1Mi", "1iB", "1b"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(Options, SizesThatDoNotFitAreRefused) {
  EXPECT_EQ(parse_size("16777216T"), std::nullopt);
  EXPECT_EQ(parse_size("99999999999999999999"), std::nullopt);
  EXPECT_EQ(parse_size("16777215T"), uint64_t{16777215} << 40);
  EXPECT_EQ(parse_size("18446744073709551G"), std::nullopt);
}

TEST(Options, OutputWithoutAValueIsAnError) {
  EXPECT_EQ(fault("force output"), "output | output=PATH");
}

TEST(Options, OverwriteHasItsOwnDefaultSizeAndASmallestOne) {
  EXPECT_EQ(max_size_of(parsed("ring=overwrite")), uint64_t{256} << 20);
  EXPECT_EQ(max_size_of(parsed("ring=overwrite max-size=1GiB")), uint64_t{1} << 30);
  EXPECT_EQ(fault("max-size=1MiB ring=overwrite"),
            "max-size=1MiB ring=overwrite | max-size=4MiB or more with ring=overwrite");
  EXPECT_EQ(fault("max-size=1MiB ring=spill"), "");
}

TEST(Options, DomainsAreAListOrAll) {
  EXPECT_EQ(parse_domains("all"), kAllDomains);
  EXPECT_EQ(parse_domains("obj"), bit_of(Domain::kObj));
  EXPECT_EQ(parse_domains("raw,mem,raw"), bit_of(Domain::kRaw) | bit_of(Domain::kMem));
  EXPECT_EQ(parse_domains("malloc,,obj"), std::nullopt);
  EXPECT_EQ(parse_domains("Malloc"), std::nullopt);
}

}  // namespace
}  // namespace cistern
