// The encoders write the golden files byte for byte, and the decoders read them as they did when they were reviewed. A
// change of the format changes them on purpose: see scripts/golden.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "cistern/format/all_records.h"
#include "cistern/format/domain.h"
#include "tests/builders/file_text.h"
#include "tests/builders/golden_files.h"
#include "tests/builders/record_as_text.h"

namespace cistern {
namespace {

const std::filesystem::path kFolder = CISTERN_GOLDEN;

std::string stored(const std::string& name) {
  std::ifstream file(kFolder / name, std::ios::binary);
  EXPECT_TRUE(file) << name << " is missing: run scripts/golden";
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

TEST(Golden, FilesAreWhatTheEncodersWrite) {
  for (const GoldenFile& golden : golden_files()) {
    const std::string bytes = stored(golden.name);
    ASSERT_EQ(bytes.size(), golden.bytes.size()) << golden.name;
    const auto [here, there] = std::mismatch(bytes.begin(), bytes.end(), golden.bytes.begin());
    EXPECT_EQ(here, bytes.end()) << golden.name << " differs at byte " << here - bytes.begin();
  }
}

TEST(Golden, FilesAreDecodedToTheirTexts) {
  for (const GoldenFile& golden : golden_files()) {
    EXPECT_EQ(file_text(stored(golden.name)), stored(golden.text_name())) << golden.name;
  }
}

TEST(Golden, TheFolderHoldsNothingElse) {
  std::set<std::string> expected, found;
  for (const GoldenFile& golden : golden_files()) expected.insert({golden.name, golden.text_name()});
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kFolder)) {
    if (entry.is_regular_file()) found.insert(std::filesystem::relative(entry.path(), kFolder).string());
  }
  EXPECT_EQ(found, expected);
}

TEST(Golden, EveryRecordTypeNodeKindOpAndDomainIsInAFile) {
  const std::string text = "\n" + file_text(golden_files().at(0).bytes) + file_text(golden_files().at(1).bytes);
  for_each_record_type([&](auto record) {
    EXPECT_NE(text.find("\n" + name_of(record.kType) + " "), std::string::npos) << name_of(record.kType);
  });
  for (const char* begin : {"alloc", "free", "realloc", "map", "unmap", "remap", "arena made", "arena freed"}) {
    EXPECT_NE(text.find("\n" + std::string(begin) + " "), std::string::npos) << begin;
  }
  for (int kind = 1; kind <= 6; ++kind) {
    EXPECT_NE(text.find(" kind=" + std::to_string(kind) + " a="), std::string::npos) << "node kind " << kind;
  }
  for (int i = 0; i < kDomains; ++i) {
    const std::string domain = " domain=" + std::string(name_of(static_cast<Domain>(i)));
    EXPECT_NE(text.find(domain), std::string::npos) << domain;
  }
}

TEST(Golden, DamageIsReportedAndTheRestIsRead) {
  const std::string whole = file_text(stored("everything.cistern"));
  const std::string damaged = file_text(stored("damaged.cistern"));
  EXPECT_EQ(whole.find("wrong checksum"), std::string::npos);
  EXPECT_NE(damaged.find("wrong checksum"), std::string::npos);
  EXPECT_NE(damaged.find("\nend time="), std::string::npos);
  EXPECT_NE(file_text(stored("truncated.cistern")).find("cut off in its payload"), std::string::npos);
}

}  // namespace
}  // namespace cistern
