// Standard output and standard error: whether they are terminals, with colour and of what width, and writing to them.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace cistern::analyzer {

enum class Ink { kPlain, kStrong, kFaint, kRed, kYellow, kGreen, kBlue };

struct Terminal {
  bool terminal = false;
  bool colour = false;  // a terminal, without NO_COLOR and TERM=dumb
  int columns = 80;     // of a terminal, between 40 and 160; else 80

  // `text` in `ink`, or just `text` where there is no colour.
  std::string paint(Ink ink, std::string_view text) const;
};

Terminal terminal_of(std::FILE* stream);

// Writes all of `text` to standard output. Errors: Failure, exit code 3, when it cannot be written.
void write_out(std::string_view text);
// Writes "cistern: LINE" to standard error for each line, with control characters replaced.
void print_warnings(const std::vector<std::string>& lines);

}  // namespace cistern::analyzer
