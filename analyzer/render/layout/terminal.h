// Standard output and standard error: whether they are terminals, with colour and of what width, and writing to them.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace cistern::analyzer {

enum class Ink { kPlain, kStrong, kFaint, kRed, kYellow, kGreen, kBlue };

struct Terminal {
  bool terminal = false;
  bool colour = false;  // a terminal, without NO_COLOR and TERM=dumb
  int columns = 80;     // the variable COLUMNS, else those of a terminal, at most 160; at least 40
  bool cuts = true;     // texts lose their middle to fit; not where a file or another program reads them

  // `text` in `ink`, or just `text` where there is no colour.
  std::string paint(Ink ink, std::string_view text) const;
  // The width that a text may take where there are `width` columns for it.
  size_t most(size_t width) const noexcept { return cuts ? width : SIZE_MAX; }
};

Terminal terminal_of(std::FILE* stream);

// Writes all of `text` to standard output. Errors: Failure, exit code 3, when it cannot be written.
void write_out(std::string_view text);
// Writes "cistern: LINE" to standard error for each line, with control characters replaced.
void print_warnings(const std::vector<std::string>& lines);

}  // namespace cistern::analyzer
