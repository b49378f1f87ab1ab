// Short names for paths: the fewest last parts that distinguish them from each other. `__init__.py` and `__main__.py`
// keep their folder.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cistern::analyzer {

class PathNames {
 public:
  // Adds a path that will be named; duplicates are ignored. The text outlives this.
  void add(std::string_view path);
  // The short name of an added path; the last part of any other path.
  std::string name(std::string_view path) const;

 private:
  std::map<std::string_view, std::vector<std::string_view>> by_last_part_;  // distinct paths
};

}  // namespace cistern::analyzer
