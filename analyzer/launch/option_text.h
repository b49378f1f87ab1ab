// The value of CISTERN_OPTIONS that `cistern run` sets: the inherited value, then the options of the command line,
// which override it, then the output as an absolute path.
#pragma once

#include <string>
#include <vector>

#include "analyzer/launch/run_request.h"
#include "cistern/format/options.h"

namespace cistern::analyzer {

// name=value, quoted where the syntax needs it. Errors: Failure, exit code 125, for a value with both kinds of quotes.
std::string option_pair(const std::string& name, const std::string& value);

struct OptionText {
  std::string text;    // for CISTERN_OPTIONS
  std::string output;  // the output in `text`, an absolute template
  bool force = false;
  Follow follow = Follow::kPython;
  RingMode ring = RingMode::kDrain;
};

// `inherited` is the value of CISTERN_OPTIONS, `directory` the absolute working directory.
// Errors: Failure, exit code 125; the message names the wrong option and what is expected.
OptionText compose_options(const std::string& inherited, const std::vector<Setting>& settings,
                           const std::string& directory);

}  // namespace cistern::analyzer
