#include "analyzer/launch/run_request.h"

#include <fmt/format.h>
#include <getopt.h>

#include <iterator>

#include "analyzer/write/run_failure.h"

namespace cistern::analyzer {
namespace {

constexpr char kHead[] =
    "Runs a program and records the memory of every python3 process in it.\n\n"
    "Usage: cistern run [OPTIONS] [--] PROGRAM [ARGUMENTS...]\n\n"
    "Options:\n";

constexpr char kTail[] =
    "\nSIZE is a number of bytes, or with a unit: 512MiB, 10G.\n"
    "The options but the last five may also stand in the environment variable\n"
    "CISTERN_OPTIONS, as in \"output=my.cistern max-size=1GiB start=off\"; the command\n"
    "line wins.\n\n"
    "The exit code is the program's, 128+N when signal N ended it, 125 when cistern\n"
    "itself failed, 126 when the program cannot be executed, 127 when it is not found.\n";

constexpr RunOption kOptions[] = {
    {"output", 'o', "PATH", "output", nullptr,
     "profile to write; %p is the pid, %h the host, %t the start time, %% a percent sign; a directory keeps the "
     "default name, cistern.<script or module>.<pid>.cistern"},
    {"force", 'f', nullptr, "force", "on", "overwrite an existing profile"},
    {"domains", 0, "LIST", "domains", nullptr, "all (default), or some of malloc,raw,mem,obj,mmap"},
    {"native", 0, "WHICH", "native", nullptr,
     "native frames beside the Python ones: auto (default), of what C code asks for by itself (malloc, RAW, mmap); "
     "leaf, "
     "of all blocks; full, all of the stack, each where it was called; or none"},
    {"ring", 0, "MODE", "ring", nullptr,
     "what becomes of full segments: drain (default) writes them to the profile and packs it meanwhile; spill leaves "
     "it three times as large; snapshot puts totals in the place of events; overwrite keeps the last part of a long "
     "run "
     "only"},
    {"max-size", 0, "SIZE", "max-size", nullptr,
     "bytes of one process's profile, then recording stops (10GiB) or overwrites what is oldest (256MiB)"},
    {"follow", 0, "WHICH", "follow", nullptr,
     "child processes to record: python (default), all, or none: only the first that has Python"},
    {"no-start", 0, nullptr, "start", "off", "record nothing until the program calls cistern_start()"},
    {"no-symbols", 0, nullptr, nullptr, nullptr,
     "leave native functions without names in the profile: reports look them up where the files are, and cistern "
     "symbolize does"},
    {"preload-library", 0, "PATH", nullptr, nullptr, "libcistern_preload.so of an unusual installation"},
    {"wrapper", 0, nullptr, nullptr, nullptr,
     "PROGRAM only starts others: run it even if it cannot be recorded itself (static, setuid)"},
    {"verbose", 'v', nullptr, nullptr, nullptr, "say where the profile is even if stderr is no terminal"},
    {"help", 'h', nullptr, nullptr, nullptr, "print this"},
};
constexpr size_t kOptionCount = std::size(kOptions);

// getopt's "+" stops at the first word that is no option, ":" tells a missing value from an unknown option.
std::string letters() {
  std::string text = "+:";
  for (const RunOption& option : kOptions) {
    if (option.letter == 0) continue;
    text += option.letter;
    if (option.argument != nullptr) text += ':';
  }
  return text;
}

std::vector<option> long_options() {
  std::vector<option> table;
  for (size_t i = 0; i < kOptionCount; ++i) {
    const int takes = kOptions[i].argument != nullptr ? required_argument : no_argument;
    table.push_back({kOptions[i].name, takes, nullptr, 256 + static_cast<int>(i)});
  }
  table.push_back({nullptr, 0, nullptr, 0});
  return table;
}

const RunOption* option_for(int found) {
  if (found >= 256) return &kOptions[found - 256];
  for (const RunOption& option : kOptions) {
    if (option.letter == found) return &option;
  }
  return nullptr;
}

// The word that getopt stumbled over: a letter of a group when it knows the letter, else the last word it took.
std::string culprit(char** arguments) {
  if (optopt > 0 && optopt < 256) return std::string("-") + static_cast<char>(optopt);
  return arguments[optind - 1];
}

std::string wrapped(const std::string& text, size_t indent, size_t columns) {
  std::string out;
  size_t column = indent;
  for (size_t at = 0; at < text.size();) {
    const size_t space = std::min(text.find(' ', at), text.size());
    if (column > indent && column + 1 + space - at > columns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
    }
    if (column > indent) out += ' ', ++column;
    out += text.substr(at, space - at);
    column += space - at;
    at = space + 1;
  }
  return out;
}

}  // namespace

std::span<const RunOption> run_options() {
  return kOptions;
}

void apply(RunRequest& request, const RunOption& option, const char* value) {
  const std::string_view name = option.name;
  if (option.setting != nullptr) request.settings.emplace_back(option.setting, value != nullptr ? value : option.fixed);
  if (name == "preload-library") request.preload_library = value;
  if (name == "no-symbols") request.symbols = false;
  if (name == "wrapper") request.wrapper = true;
  if (name == "verbose") request.verbose = true;
  if (name == "help") request.help = true;
}

RunRequest parse_run_request(int count, char** arguments) {
  RunRequest request;
  const std::string short_table = letters();
  const std::vector<option> long_table = long_options();
  optind = 0;  // GNU: forget an earlier parse
  opterr = 0;
  for (;;) {
    const int found = getopt_long(count, arguments, short_table.c_str(), long_table.data(), nullptr);
    if (found == -1) break;
    if (found == ':') throw run_failure(culprit(arguments), "needs a value (see cistern run --help)");
    if (found == '?') throw run_failure(culprit(arguments), "no such option (see cistern run --help)");
    apply(request, *option_for(found), optarg);
  }
  request.command.assign(arguments + optind, arguments + count);
  if (request.command.empty() && !request.help) {
    throw run_failure("run", "no program given, as in: cistern run -- python3 app.py");
  }
  return request;
}

std::string run_help() {
  constexpr size_t kIndent = 26;
  std::string text = kHead;
  for (const RunOption& option : kOptions) {
    const std::string letter = option.letter != 0 ? fmt::format("-{}, ", option.letter) : "    ";
    const std::string argument = option.argument != nullptr ? fmt::format(" {}", option.argument) : "";
    const std::string left = fmt::format("  {}--{}{}", letter, option.name, argument);
    text += fmt::format("{:<{}}", left, kIndent);
    if (left.size() + 2 > kIndent) text += "\n" + std::string(kIndent, ' ');
    text += wrapped(option.help, kIndent, 80) + "\n";
  }
  return text + kTail;
}

}  // namespace cistern::analyzer
