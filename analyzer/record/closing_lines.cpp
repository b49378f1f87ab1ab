#include "analyzer/record/closing_lines.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

namespace cistern::analyzer {
namespace {

// A number in the greatest unit that leaves at least 1 before the point: 41.2 M, 31 M, 999.
std::string scaled(uint64_t number) {
  constexpr std::array<std::string_view, 6> kUnits = {"", "k", "M", "G", "T", "P"};
  auto value = static_cast<double>(number);
  size_t unit = 0;
  while (value >= 999.5 && unit + 1 < kUnits.size()) value /= 1000, ++unit;
  const int digits = unit == 0 || value >= 99.95 ? 0 : 1;
  return fmt::format("{:.{}f}{}{}", value, digits, unit == 0 ? "" : " ", kUnits[unit]);
}

std::string bytes(uint64_t number) {
  return scaled(number) + (number < 1000 ? " B" : "B");
}

std::string shown_path(const std::string& path, const std::string& directory) {
  const std::string below = directory.back() == '/' ? directory : directory + "/";
  return path.compare(0, below.size(), below) == 0 ? path.substr(below.size()) : path;
}

std::string counts(const RunHarvest& harvest, const RunFacts& facts) {
  std::string text = fmt::format("{} events", scaled(harvest.events));
  if (harvest.images > 1) text += fmt::format(" in {} processes", harvest.images);
  text +=
      fmt::format(", {:.1f} s, {} lost", static_cast<double>(facts.duration_ns) * 1e-9, scaled(harvest.lost_events));
  if (harvest.running > 0) text += fmt::format(", {} still running", harvest.running);
  return text;
}

std::string nothing_recorded(Follow follow) {
  if (follow == Follow::kAll) return "cistern: nothing was recorded: the library was not loaded into any process\n";
  return "cistern: nothing that ran had Python, so there is no profile (--follow all records other programs)\n";
}

}  // namespace

std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./,:=@%+-";
  const std::string word = (text[0] == '-' ? "./" : "") + text;
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + '\'';
}

std::string closing_lines(const RunHarvest& harvest, const RunFacts& facts) {
  std::string lines;
  for (const std::string& problem : harvest.problems) lines += "cistern: " + problem + "\n";
  if (harvest.profile.empty()) return lines + nothing_recorded(facts.follow);
  const std::string path = shown_path(harvest.profile, facts.directory);
  lines += fmt::format("cistern: {} → {} ({})\n", counts(harvest, facts), path, bytes(harvest.size_bytes));
  return lines + fmt::format("next: {} leaks {}\n", shell_word(facts.invoked), shell_word(path));
}

}  // namespace cistern::analyzer
