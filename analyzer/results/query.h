// What every report is asked: which profiles, which of their allocations, and when.
#pragma once

#include <string>
#include <vector>

#include "analyzer/model/moment.h"
#include "analyzer/symbols/selection.h"

namespace cistern::analyzer {

struct ReportQuery {
  std::vector<std::string> paths;  // profiles, as the user named them
  Selection selection;
  Moment at;
};

}  // namespace cistern::analyzer
