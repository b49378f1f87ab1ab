#include "analyzer/cli/report.h"

namespace cistern::analyzer {

Recordings open_and_warn(const std::vector<std::string>& paths) {
  Recordings recordings = open_recordings(paths);
  print_warnings(recordings.warnings);
  require_profiles(recordings);
  return recordings;
}

}  // namespace cistern::analyzer
