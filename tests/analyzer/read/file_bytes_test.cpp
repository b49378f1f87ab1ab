#include "analyzer/read/file_bytes.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "tests/builders/recording.h"

namespace cistern::analyzer {
namespace {

constexpr size_t kMiB = 1024 * 1024;

size_t resident_bytes() {
  size_t pages = 0;
  size_t resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

class FileOf32MiB : public testing::Test {
 protected:
  FileOf32MiB() {
    const std::string piece(kMiB, 'x');
    std::ofstream out(directory_.file("x"), std::ios::binary);
    for (int i = 0; i < 32; ++i) out << piece;
    out.close();
    file_ = FileBytes(directory_.file("x"));
  }
  static uint64_t sum(std::span<const uint8_t> bytes) {
    return std::accumulate(bytes.begin(), bytes.end(), uint64_t{0});
  }

  TemporaryDirectory directory_;
  FileBytes file_;
};

TEST_F(FileOf32MiB, TakesLittleMemoryWhenPiecesAreForgotten) {
  const size_t before = resident_bytes();
  for (size_t at = 0; at < file_.size_bytes(); at += kMiB / 5) {
    const auto piece = file_.bytes().subspan(at, std::min<size_t>(kMiB / 5, file_.size_bytes() - at));
    EXPECT_EQ(sum(piece), piece.size() * 'x');
    file_.forget(piece);
  }
  EXPECT_LT(resident_bytes(), before + 2 * kMiB);
}

TEST_F(FileOf32MiB, ReadsForgottenPiecesAgain) {
  file_.forget(file_.bytes());
  EXPECT_EQ(sum(file_.bytes()), file_.size_bytes() * 'x');
}

TEST_F(FileOf32MiB, ForgetIgnoresBytesOutsideOfTheFile) {
  const std::vector<uint8_t> other(4 * kMiB, 'y');
  file_.forget(other);
  FileBytes().forget(other);
  EXPECT_EQ(sum(other), other.size() * 'y');
}

}  // namespace
}  // namespace cistern::analyzer
