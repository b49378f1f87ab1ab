#include "analyzer/render/layout/path_names.h"

#include <algorithm>

namespace cistern::analyzer {
namespace {

// The last `parts` parts of a path.
std::string_view tail_of(std::string_view path, size_t parts) {
  size_t at = path.size();
  for (; parts > 0; --parts) {
    if (at == 0) return path;
    const size_t slash = path.rfind('/', at - 1);
    if (slash == std::string_view::npos) return path;
    at = slash;
  }
  return path.substr(at + 1);
}

bool names_nothing(std::string_view last_part) {
  return last_part == "__init__.py" || last_part == "__main__.py";
}

}  // namespace

void PathNames::add(std::string_view path) {
  auto& paths = by_last_part_[tail_of(path, 1)];
  if (std::find(paths.begin(), paths.end(), path) == paths.end()) paths.push_back(path);
}

std::string PathNames::name(std::string_view path) const {
  const std::string_view last = tail_of(path, 1);
  size_t parts = names_nothing(last) ? 2 : 1;
  const auto same_name = by_last_part_.find(last);
  if (same_name == by_last_part_.end()) return std::string(tail_of(path, parts));
  for (;; ++parts) {
    const std::string_view tail = tail_of(path, parts);
    const auto& paths = same_name->second;
    const bool alone = std::none_of(paths.begin(), paths.end(), [&](std::string_view other) {
      return other != path && tail_of(other, parts) == tail;
    });
    if (alone || tail.size() == path.size()) return std::string(tail);
  }
}

}  // namespace cistern::analyzer
