#include "analyzer/launch/option_text.h"

#include "analyzer/launch/output_path.h"
#include "analyzer/write/run_failure.h"

namespace cistern::analyzer {
namespace {

void take(std::string_view text, Options& options, const std::string& from) {
  if (const auto error = parse_options(text, options)) {
    const std::string pair = from == kOptionsVariable ? ": '" + std::string(error->pair) + "'" : "";
    throw run_failure(from + pair, "expected " + std::string(error->expected));
  }
}

}  // namespace

std::string option_pair(const std::string& name, const std::string& value) {
  const bool single = value.find('\'') != std::string::npos;
  const bool twofold = value.find('"') != std::string::npos;
  if (single && twofold) throw run_failure(value, "a value with both ' and \" cannot be written in CISTERN_OPTIONS");
  const bool plain = !single && !twofold && value.find(' ') == std::string::npos && !value.empty();
  const std::string quote = plain ? "" : single ? "\"" : "'";
  return name + "=" + quote + value + quote;
}

OptionText compose_options(const std::string& inherited, const std::vector<Setting>& settings,
                           const std::string& directory) {
  OptionText composed;
  Options options;
  options.ring = RingMode::kDrain;
  take(inherited, options, kOptionsVariable);
  std::string output(options.output);
  composed.text = inherited;
  for (const auto& [name, value] : settings) {
    const std::string pair = option_pair(name, value);
    take(pair, options, "--" + name + " " + value);
    if (name == "output") {
      output = value;
    } else {
      composed.text += " " + pair;
    }
  }
  composed.output = absolute_output(output, directory);
  composed.text += " " + option_pair("output", composed.output);
  composed.text.erase(0, composed.text.find_first_not_of(' '));
  composed.force = options.force;
  composed.follow = options.follow;
  composed.ring = options.ring;
  return composed;
}

}  // namespace cistern::analyzer
