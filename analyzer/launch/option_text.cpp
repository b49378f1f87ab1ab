#include "analyzer/launch/option_text.h"

#include "analyzer/launch/output_path.h"
#include "analyzer/launch/run_failure.h"

namespace cistern::analyzer {
namespace {

void parse_into(std::string_view text, Options& options, const std::string& from) {
  if (const auto error = parse_options(text, options)) {
    const std::string pair = from == kOptionsVariable ? ": '" + std::string(error->pair) + "'" : "";
    throw run_failure(from + pair, "expected " + std::string(error->expected));
  }
}

}  // namespace

std::string option_pair(const std::string& name, const std::string& value) {
  const bool single_quote = value.find('\'') != std::string::npos;
  const bool double_quote = value.find('"') != std::string::npos;
  if (single_quote && double_quote)
    throw run_failure(value, "contains both ' and \", which CISTERN_OPTIONS cannot express");
  const bool plain = !single_quote && !double_quote && value.find(' ') == std::string::npos && !value.empty();
  const std::string quote = plain ? "" : single_quote ? "\"" : "'";
  return name + "=" + quote + value + quote;
}

OptionText compose_options(const std::string& inherited, const std::vector<Setting>& settings,
                           const std::string& directory) {
  OptionText composed;
  Options options;
  options.ring = RingMode::kDrain;
  parse_into(inherited, options, kOptionsVariable);
  std::string output(options.output);
  composed.text = inherited;
  for (const auto& [name, value] : settings) {
    const std::string pair = option_pair(name, value);
    parse_into(pair, options, "--" + name + " " + value);
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
