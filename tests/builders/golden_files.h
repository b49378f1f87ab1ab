// The golden profiles, made in memory: small files that hold everything that the format has, and what goes wrong with
// files. tests/golden has them as they were last reviewed, with their text beside them; scripts/golden rewrites both.
#pragma once

#include <string>
#include <vector>

namespace cistern {

struct GoldenFile {
  std::string name;  // below tests/golden
  std::string bytes;
  // Where its text lies: the name with .txt for its ending.
  std::string text_name() const { return name.substr(0, name.rfind('.')) + ".txt"; }
};

std::vector<GoldenFile> golden_files();

}  // namespace cistern
