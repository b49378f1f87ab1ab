// Makes the golden profiles in memory: small files with every part of the format, and damaged files. tests/golden has
// them as they were last reviewed, each with its text beside it; scripts/golden rewrites both.
#pragma once

#include <string>
#include <vector>

namespace cistern {

struct GoldenFile {
  std::string name;  // below tests/golden
  std::string bytes;
  // The path of its text.
  std::string text_name() const { return name.substr(0, name.rfind('.')) + ".txt"; }
};

std::vector<GoldenFile> golden_files();

}  // namespace cistern
