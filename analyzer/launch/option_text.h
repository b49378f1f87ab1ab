// CISTERN_OPTIONS as `cistern run` sets it: what the user already had there, then what the command line says, so that
// the command line wins, and last of all the output as an absolute path.
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
  std::string output;  // the output in it, an absolute template
  bool force = false;
  Follow follow = Follow::kPython;
  RingMode ring = RingMode::kDrain;
};

// `inherited` is the value of CISTERN_OPTIONS, `directory` the absolute working directory.
// Errors: Failure, exit code 125, which names the option that is wrong and says what was expected.
OptionText compose_options(const std::string& inherited, const std::vector<Setting>& settings,
                           const std::string& directory);

}  // namespace cistern::analyzer
