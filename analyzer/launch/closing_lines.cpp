#include "analyzer/launch/closing_lines.h"

#include <fmt/format.h>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

std::string counts(const CollectedRun& collected, const RunFacts& facts) {
  std::string text = plural(collected.events, "event");
  if (collected.images > 1) text += fmt::format(" in {} processes", collected.images);
  text += fmt::format(", {}, {} lost", format_ns(static_cast<int64_t>(facts.duration_ns)),
                      format_count(collected.lost_events));
  if (collected.stopped > 0) {
    text += collected.images == 1 ? ", then recording stopped"
                                  : fmt::format(", recording stopped in {} of them", collected.stopped);
  }
  if (collected.running > 0) text += fmt::format(", {} still running", collected.running);
  return text;
}

// What is known: whether a process ran that could not report is not.
std::string nothing_recorded(Follow follow) {
  constexpr char kWhy[] =
      "(if one ran, LD_PRELOAD was removed, as by env -i, or it may not write here: another user, a container";
  if (follow == Follow::kAll) {
    return fmt::format("cistern: nothing was recorded: no process reported to cistern run {})\n", kWhy);
  }
  return fmt::format(
      "cistern: nothing was recorded: no process with Python reported to cistern run {}; --follow all records programs "
      "without Python)\n",
      kWhy);
}

}  // namespace

std::string shown_path(const std::string& path, const std::string& directory) {
  const std::string below = directory.back() == '/' ? directory : directory + "/";
  return path.compare(0, below.size(), below) == 0 ? path.substr(below.size()) : path;
}

std::string closing_lines(const CollectedRun& collected, const RunFacts& facts) {
  std::string lines;
  for (const std::string& problem : collected.problems) lines += "cistern: " + printable(problem) + "\n";
  if (collected.profile.empty()) return lines.empty() ? nothing_recorded(facts.follow) : lines;
  const std::string path = shown_path(collected.profile, facts.directory);
  lines += fmt::format("cistern: {} → {} ({})\n", counts(collected, facts), printable(path),
                       format_bytes(collected.size_bytes));
  // Older blocks may be overwritten, so the live ones are not known.
  const char* const report = facts.ring == RingMode::kOverwrite ? "summary" : "leaks";
  return lines + fmt::format("next: {} {} {}\n", shell_word(facts.invoked), report, shell_word(path));
}

}  // namespace cistern::analyzer
