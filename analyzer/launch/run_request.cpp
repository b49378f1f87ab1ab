#include "analyzer/launch/run_request.h"

#include <fmt/format.h>
#include <getopt.h>

#include <iterator>

#include "analyzer/launch/run_failure.h"
#include "analyzer/render/layout/heading.h"
#include "cistern/format/domain.h"

namespace cistern::analyzer {
namespace {

constexpr char kExecHead[] =
    "Become a program, recorded. For services: the program keeps this process's pid,\n"
    "parent, descriptors and signals, and it starts whatever happens: what cannot be\n"
    "recorded is said in one line. A packer runs in the background.\n\n"
    "Usage: cistern exec [OPTIONS] [--] PROGRAM [ARGUMENTS...]\n\n"
    "Options:\n";

constexpr char kExecTail[] =
    "\nIf the profile exists, a number is added: x-2.cistern. --force replaces it, but\n"
    "never while a process records to it. If the packer is killed nothing is lost:\n"
    "cistern drain x.cistern continues.\n\n"
    "The exit code is that of the program; 126 if it cannot be executed, 127 if it\n"
    "does not exist, 125 if the command line is wrong and has no -- before a program.\n";

constexpr char kHead[] =
    "Run a program and record the memory of each of its python3 processes.\n\n"
    "Usage: cistern run [OPTIONS] [--] PROGRAM [ARGUMENTS...]\n\n"
    "Options:\n";

constexpr char kTail[] =
    "\nSIZE is a number of bytes, or a number with a unit: 512MiB, 10G.\n"
    "All options but the last five can also be set in the environment variable\n"
    "CISTERN_OPTIONS, for example \"output=my.cistern max-size=1GiB start=off\". The\n"
    "command line overrides it.\n\n"
    "The exit code is that of the program, 128+N if signal N ended the program, 125\n"
    "if cistern itself failed, 126 if the program cannot be executed, 127 if it does\n"
    "not exist.\n";

constexpr auto kDomainsHelp =
    with_domain_names("the allocators to record, separated by commas: all (default), or some of ");

constexpr RunOption kOptions[] = {
    {"output", 'o', "PATH", "output", nullptr,
     "the profile to write; %p stands for the pid, %h for the host, %t for the start time, %% for a percent sign; in "
     "a directory its name is cistern.<script or module>.<pid>.cistern"},
    {"force", 'f', nullptr, "force", "on", "overwrite an existing profile"},
    {"domains", 0, "LIST", "domains", nullptr, kDomainsHelp.data()},
    {"native", 0, "WHICH", "native", nullptr,
     "the native frames to record besides Python frames: auto (default), the leaf of blocks that C code allocates "
     "itself (malloc, RAW, mmap); leaf, of all blocks; full, whole native stacks; or none"},
    {"ring", 0, "MODE", "ring", nullptr,
     "what happens to full segments: drain (default) writes them to the profile and packs them while the program "
     "runs; spill does not pack them (three times as large); snapshot replaces events by a snapshot of the heap; "
     "overwrite keeps only the last part of a long run"},
    {"max-size", 0, "SIZE", "max-size", nullptr,
     "the size limit of each process's profile: at the limit recording stops (default 10GiB), or --ring overwrite "
     "overwrites the oldest events (default 256MiB)"},
    {"follow", 0, "WHICH", "follow", nullptr,
     "the child processes to record: python (default), all, or none: only the first process that uses Python"},
    {"no-start", 0, nullptr, "start", "off", "record nothing until the program calls cistern_start()"},
    {"no-symbols", 0, nullptr, nullptr, nullptr,
     "do not store the names of native functions in the profile; reports look them up where the program's files are, "
     "and cistern symbolize can store them later"},
    {"preload-library", 0, "PATH", nullptr, nullptr, "the libcistern_preload.so to use, in unusual installations"},
    {"wrapper", 0, nullptr, nullptr, nullptr,
     "PROGRAM only starts other programs: run it even if it cannot be recorded itself (static, setuid)"},
    {"verbose", 'v', nullptr, nullptr, nullptr, "print where the profile is even if stderr is not a terminal"},
    {"help", 'h', nullptr, nullptr, nullptr, "print this help"},
};
constexpr size_t kOptionCount = std::size(kOptions);

// For getopt: "+" stops at the first word that is not an option, ":" distinguishes a missing value from an unknown
// option.
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

// The option that getopt rejected: a letter of a group, else the whole word.
std::string rejected_option(char** arguments) {
  if (optopt > 0 && optopt < 256) return std::string("-") + static_cast<char>(optopt);
  return arguments[optind - 1];
}

std::string help_hint(const char* what, const char* command) {
  return std::string(what) + " (see cistern " + command + " --help)";
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
  optind = 0;  // GNU: restart
  opterr = 0;
  for (;;) {
    const int found = getopt_long(count, arguments, short_table.c_str(), long_table.data(), nullptr);
    if (found == -1) break;
    if (found == ':') throw run_failure(rejected_option(arguments), help_hint("needs a value", arguments[0]));
    if (found == '?') throw run_failure(rejected_option(arguments), help_hint("no such option", arguments[0]));
    apply(request, *option_for(found), optarg);
  }
  request.command.assign(arguments + optind, arguments + count);
  if (request.command.empty() && !request.help) {
    const std::string command = arguments[0];
    throw run_failure(command, "no program given (for example: cistern " + command + " -- python3 app.py)");
  }
  return request;
}

namespace {

std::string help_with(const char* head, const char* tail) {
  constexpr size_t kIndent = 26;
  std::string text = head;
  for (const RunOption& option : kOptions) {
    const std::string letter = option.letter != 0 ? fmt::format("-{}, ", option.letter) : "    ";
    const std::string argument = option.argument != nullptr ? fmt::format(" {}", option.argument) : "";
    const std::string left = fmt::format("  {}--{}{}", letter, option.name, argument);
    text += fmt::format("{:<{}}", left, kIndent);
    if (left.size() + 2 > kIndent) text += "\n" + std::string(kIndent, ' ');
    text += wrapped(option.help, 80, kIndent, kIndent);
  }
  return text + tail;
}

}  // namespace

std::string run_help() {
  return help_with(kHead, kTail);
}

std::string exec_help() {
  return help_with(kExecHead, kExecTail);
}

}  // namespace cistern::analyzer
