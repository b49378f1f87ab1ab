#include "analyzer/record/closing_lines.h"

#include <fmt/format.h>

#include "analyzer/reports/columns.h"
#include "analyzer/reports/heading.h"
#include "analyzer/reports/units.h"

namespace cistern::analyzer {
namespace {

std::string counts(const RunHarvest& harvest, const RunFacts& facts) {
  std::string text = plural(harvest.events, "event");
  if (harvest.images > 1) text += fmt::format(" in {} processes", harvest.images);
  text += fmt::format(", {}, {} lost", format_ns(static_cast<int64_t>(facts.duration_ns)),
                      format_count(harvest.lost_events));
  if (harvest.running > 0) text += fmt::format(", {} still running", harvest.running);
  return text;
}

std::string nothing_recorded(Follow follow) {
  if (follow == Follow::kAll) return "cistern: nothing was recorded: the library was not loaded into any process\n";
  return "cistern: nothing that ran had Python, so there is no profile (--follow all records other programs)\n";
}

}  // namespace

std::string shown_path(const std::string& path, const std::string& directory) {
  const std::string below = directory.back() == '/' ? directory : directory + "/";
  return path.compare(0, below.size(), below) == 0 ? path.substr(below.size()) : path;
}

std::string closing_lines(const RunHarvest& harvest, const RunFacts& facts) {
  std::string lines;
  for (const std::string& problem : harvest.problems) lines += "cistern: " + printable(problem) + "\n";
  if (harvest.profile.empty()) return lines.empty() ? nothing_recorded(facts.follow) : lines;
  const std::string path = shown_path(harvest.profile, facts.directory);
  lines +=
      fmt::format("cistern: {} → {} ({})\n", counts(harvest, facts), printable(path), format_bytes(harvest.size_bytes));
  return lines + fmt::format("next: {} leaks {}\n", shell_word(facts.invoked), shell_word(path));
}

}  // namespace cistern::analyzer
