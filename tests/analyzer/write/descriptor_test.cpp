#include "analyzer/write/descriptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <string>

#include "analyzer/read/failure.h"
#include "tests/builders/temporary_directory.h"

namespace cistern::analyzer {
namespace {

// Limits file sizes to 4,096 bytes while it exists: writes are cut there, as on a full disk.
class SmallFiles {
 public:
  SmallFiles() {
    getrlimit(RLIMIT_FSIZE, &before_);
    handler_ = signal(SIGXFSZ, SIG_IGN);
    const rlimit small{4096, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallFiles() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }
  SmallFiles(const SmallFiles&) = delete;
  SmallFiles& operator=(const SmallFiles&) = delete;

 private:
  rlimit before_{};
  sighandler_t handler_ = nullptr;
};

TEST(Descriptor, RemovesThePartOfAnAppendThatFitOnAFullDisk) {
  const TemporaryDirectory directory;
  const Descriptor file(directory.file("x"), O_RDWR | O_CREAT, 0600);
  const std::string bytes(8000, 'x');
  file.write_at(0, bytes.data(), 3000);
  {
    const SmallFiles small;
    EXPECT_THROW(file.write_at(3072, bytes.data(), bytes.size()), Failure);
    EXPECT_EQ(file.size(), 3072u);
    EXPECT_THROW(file.write_at(5000, bytes.data(), 10), Failure) << "nothing of it was written";
    EXPECT_EQ(file.size(), 3072u);
  }
  file.write_at(3072, bytes.data(), bytes.size());
  EXPECT_EQ(file.size(), 3072u + bytes.size());
}

}  // namespace
}  // namespace cistern::analyzer
