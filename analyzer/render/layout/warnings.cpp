#include "analyzer/render/layout/warnings.h"

#include <fmt/format.h>

#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/symbols/symbolizer.h"

namespace cistern::analyzer {
namespace {

std::string damage_warning(const ImageFacts& facts) {
  const uint64_t read = facts.file_bytes > facts.unreadable_bytes ? facts.file_bytes - facts.unreadable_bytes : 0;
  return fmt::format("{}: {} read, {} unreadable at byte {} ({}); report covers the rest", facts.path,
                     format_bytes(read), format_bytes(facts.unreadable_bytes), format_exact(facts.unreadable_at),
                     facts.unreadable_reason);
}

}  // namespace

std::vector<std::string> damage_warnings(const std::vector<ImageFacts>& images) {
  std::vector<std::string> warnings;
  for (const ImageFacts& facts : images) {
    if (facts.unreadable_bytes != 0) warnings.push_back(damage_warning(facts));
  }
  return warnings;
}

std::vector<std::string> incompleteness_warnings(const std::vector<ImageFacts>& images) {
  std::vector<std::string> warnings;
  for (const std::string& reason : texts_of(incompleteness(images))) warnings.push_back("not complete: " + reason);
  return warnings;
}

std::vector<std::string> module_warnings(const CallTree& tree) {
  std::vector<std::string> warnings;
  if (tree.known_symbolizer() == nullptr) return warnings;
  for (const Symbolizer::Problem& problem : tree.known_symbolizer()->problems()) {
    if (problem.state != ModuleState::kOtherBuild) continue;
    warnings.push_back(problem.path + ": is not the build that was recorded: its functions have no names");
  }
  return warnings;
}

}  // namespace cistern::analyzer
