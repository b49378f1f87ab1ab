// Short names for paths: as few of their last parts as tell them apart from each other. `__init__.py` and `__main__.py`
// always keep their folder.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cistern::analyzer {

class PathNames {
 public:
  // All paths that will be named; duplicates are welcome. The texts outlive this.
  void add(std::string_view path);
  // The short name of a path that was added; of any other, its last part.
  std::string name(std::string_view path) const;

 private:
  std::map<std::string_view, std::vector<std::string_view>> by_last_part_;  // distinct paths
};

}  // namespace cistern::analyzer
