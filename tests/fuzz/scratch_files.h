// Files for targets that read files, in a directory in memory. It is removed when the process ends normally.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

#include "tests/fuzz/fuzz_target.h"

namespace cistern::fuzz {

class ScratchFiles {
 public:
  ScratchFiles() {
    std::filesystem::create_directories(directory_);
    std::filesystem::create_directories(profile() + ".d");
    std::filesystem::current_path(directory_);
    write("app.py", "def f():\n    return 1\n\nclass C:\n\tdef g(self):\n\t\treturn '\x1b[2J'\n");
  }
  ~ScratchFiles() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  ScratchFiles(const ScratchFiles&) = delete;
  ScratchFiles& operator=(const ScratchFiles&) = delete;

  std::string profile() const { return directory_ + "/x.cistern"; }

  static void write(const std::string& path, const std::string& bytes) {
    std::FILE* const file = std::fopen(path.c_str(), "wb");
    require(file != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size(), "scratch files");
    std::fclose(file);
  }

 private:
  std::string directory_ = "/dev/shm/cistern-fuzz-" + std::to_string(::getpid());
};

}  // namespace cistern::fuzz
