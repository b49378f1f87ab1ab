// Figures for people: decimal units (1 kB is 1,000 bytes), at most three digits before a unit, commas between
// thousands.
#pragma once

#include <cstdint>
#include <string>

namespace cistern::analyzer {

std::string format_bytes(uint64_t bytes);                 // "999 B", "7.6 MB", "312 kB"
std::string format_count(uint64_t count);                 // "40,000", "812,345", "41.2 M", "1.9 G"
std::string format_exact(uint64_t count);                 // "31,457,280"
std::string format_seconds(double seconds);               // "3.2 ms", "12.4 s", "812.4 s", "2 h 05 min"
std::string format_rate(double bytes_per_second);         // "613 kB/s"
std::string format_share(uint64_t part, uint64_t whole);  // "13 %", "<1 %"

inline std::string format_ns(int64_t ns) {
  return format_seconds(static_cast<double>(ns) / 1e9);
}
std::string plural(uint64_t count, const char* noun);  // "1 block", "40,000 blocks"

}  // namespace cistern::analyzer
