// What all reports can be asked for.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/moment.h"
#include "analyzer/symbols/selection.h"

namespace cistern::analyzer {

struct ReportOptions {
  std::vector<std::string> paths;
  bool json = false;
  std::optional<size_t> top;    // rows or groups; 0: all. Not given: a screenful of text, all of JSON
  std::optional<size_t> depth;  // frames of a stack; 0: all. Not given: a few in text, all in JSON
  Selection selection;
  Moment at;

  size_t top_or(size_t text_default) const noexcept { return limit(top, text_default); }
  size_t depth_or(size_t text_default) const noexcept { return limit(depth, text_default); }

 private:
  size_t limit(const std::optional<size_t>& asked, size_t text_default) const noexcept {
    const size_t value = asked ? *asked : json ? 0 : text_default;
    return value == 0 ? SIZE_MAX : value;
  }
};

}  // namespace cistern::analyzer
