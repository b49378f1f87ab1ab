// Rewrites the golden files in the folder that is its only argument. Run by scripts/golden.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/builders/file_text.h"
#include "tests/builders/golden_files.h"

namespace {

void write(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary);
  file.exceptions(std::ios::failbit | std::ios::badbit);
  file << bytes << std::flush;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: golden_writer DIRECTORY\n", stderr), 2;
  const std::filesystem::path folder = argv[1];
  for (const cistern::GoldenFile& golden : cistern::golden_files()) {
    write(folder / golden.name, golden.bytes);
    write(folder / golden.text_name(), cistern::file_text(golden.bytes));
  }
  return 0;
}
