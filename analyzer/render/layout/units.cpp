#include "analyzer/render/layout/units.h"

#include <fmt/format.h>

#include <algorithm>

namespace cistern::analyzer {
namespace {

// Scales by 1,000 until fewer than four digits are left; one decimal below 99.95 of a unit.
std::string scaled(double value, std::initializer_list<const char*> units) {
  auto unit = units.begin();
  while (value >= 999.5 && unit + 1 != units.end()) {
    value /= 1000;
    ++unit;
  }
  if (unit == units.begin()) return fmt::format("{:.0f} {}", value, *unit);
  return fmt::format("{:.{}f} {}", value, value < 99.95 ? 1 : 0, *unit);
}

}  // namespace

std::string format_bytes(uint64_t bytes) {
  return scaled(static_cast<double>(bytes), {"B", "kB", "MB", "GB", "TB", "PB", "EB"});
}

std::string format_exact(uint64_t count) {
  const std::string digits = std::to_string(count);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i != 0 && (digits.size() - i) % 3 == 0) text += ',';
    text += digits[i];
  }
  return text;
}

std::string format_count(uint64_t count) {
  if (count < 1'000'000) return format_exact(count);
  return scaled(static_cast<double>(count) / 1e3, {"k", "M", "G", "T", "P"});
}

std::string format_seconds(double seconds) {
  seconds = std::max(seconds, 0.0);
  if (seconds < 0.9995) return fmt::format("{:.{}f} ms", seconds * 1e3, seconds < 0.00995 ? 1 : 0);
  if (seconds < 7200) return fmt::format("{:.1f} s", seconds);
  const auto minutes = static_cast<uint64_t>(seconds / 60);
  return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
}

std::string format_rate(double bytes_per_second) {
  return scaled(std::max(bytes_per_second, 0.0), {"B/s", "kB/s", "MB/s", "GB/s", "TB/s"});
}

std::string format_share(uint64_t part, uint64_t whole) {
  if (whole == 0) return "0 %";
  const double percent = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  if (percent > 0 && percent < 1) return "<1 %";
  return fmt::format("{:.0f} %", percent);
}

std::string plural(uint64_t count, const char* noun) {
  return fmt::format("{} {}{}", format_count(count), noun, count == 1 ? "" : "s");
}

}  // namespace cistern::analyzer
