// Reads lines "KIND FIRST_LINE HEX_TABLE OFFSET:LINE,…" and compares each line with what the analyzer makes of it
// (LINE 0: none). Prints what differs, then the number of offsets compared; exits with 1 when anything differed.

#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include "analyzer/symbols/line_table.h"

using namespace cistern::analyzer;

int main() {
  uint64_t compared = 0;
  uint64_t different = 0;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream fields(line);
    uint32_t kind = 0;
    int64_t first_line = 0;
    std::string hex;
    std::string expectations;
    fields >> kind >> first_line >> hex >> expectations;
    std::string table;
    for (size_t i = 1; i + 1 < hex.size(); i += 2) table += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    const auto ranges = decode_line_table(static_cast<cistern::LineTableKind>(kind), table, first_line);
    std::istringstream list(expectations);
    int64_t offset = 0;
    uint32_t expected = 0;
    char separator = 0;
    while (list >> offset >> separator >> expected) {
      const uint32_t found = line_at(ranges, offset, first_line);
      ++compared;
      if (found != expected && ++different <= 10) {
        std::printf("kind %u table %s offset %lld: line %u, the interpreter says %u\n", kind, hex.c_str(),
                    static_cast<long long>(offset), found, expected);
      }
      list >> separator;
    }
  }
  std::printf("%llu offsets, %llu different\n", static_cast<unsigned long long>(compared),
              static_cast<unsigned long long>(different));
  return different == 0 ? 0 : 1;
}
