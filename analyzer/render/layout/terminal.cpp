#include "analyzer/render/layout/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "analyzer/read/failure.h"
#include "analyzer/render/layout/columns.h"

namespace cistern::analyzer {
namespace {

constexpr int kFewestColumns = 40;

// The user's number of columns; 0: none.
int chosen_columns() {
  const char* const text = std::getenv("COLUMNS");
  constexpr int kMostColumns = 10'000;
  const int columns = text == nullptr ? 0 : std::atoi(text);
  return columns <= 0 ? 0 : std::clamp(columns, kFewestColumns, kMostColumns);
}

int columns_of(int descriptor) {
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return std::clamp<int>(size.ws_col, kFewestColumns, 160);
}

bool wants_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  return term == nullptr || std::string_view(term) != "dumb";
}

std::string_view code_of(Ink ink) {
  switch (ink) {
    case Ink::kStrong:
      return "1";
    case Ink::kFaint:
      return "2";
    case Ink::kRed:
      return "31";
    case Ink::kYellow:
      return "33";
    case Ink::kGreen:
      return "32";
    case Ink::kBlue:
      return "34";
    case Ink::kPlain:
      break;
  }
  return "";
}

}  // namespace

std::string Terminal::paint(Ink ink, std::string_view text) const {
  if (!colour || ink == Ink::kPlain) return std::string(text);
  std::string out = "\x1b[";
  out.append(code_of(ink)).append("m").append(text).append("\x1b[0m");
  return out;
}

Terminal terminal_of(std::FILE* stream) {
  Terminal terminal;
  const int descriptor = fileno(stream);
  terminal.terminal = isatty(descriptor) == 1;
  terminal.colour = terminal.terminal && wants_colour();
  const int chosen = chosen_columns();
  terminal.cuts = terminal.terminal || chosen != 0;
  if (terminal.cuts) terminal.columns = chosen != 0 ? chosen : columns_of(descriptor);
  return terminal;
}

void write_out(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw Failure(ExitCode::kUnreadable, "standard output: " + error_text(errno));
  }
}

void print_warnings(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) std::fprintf(stderr, "cistern: %s\n", printable(line).c_str());
}

}  // namespace cistern::analyzer
