#include "analyzer/cli/commands.h"

#include "analyzer/launch/run.h"

namespace cistern::analyzer {
namespace {

constexpr char kRecording[] = "Recording";
constexpr char kReports[] = "Reports";
constexpr char kProfiles[] = "Profile files";

constexpr Command kCommands[] = {
    {"run", kRecording, "Run a program and record its memory", set_up_run, run_program},
    {"loop", kRecording, "Call a function repeatedly, and report what leaks", set_up_loop},
    {"summary", kReports, "What ran, how it ended, and where its memory went", set_up_summary},
    {"leaks", kReports, "Memory that leaks, with the lines that allocated it", set_up_leaks},
    {"peak", kReports, "Memory that was live at the peak, with the lines that allocated it", set_up_peak},
    {"pools", kReports, "pymalloc's arenas, and the blocks that pin mostly free arenas", set_up_pools},
    {"tree", kReports, "Memory by call path, from the outermost frame to the innermost", set_up_tree},
    {"lines", kReports, "A source file with the memory that each line allocated", set_up_lines},
    {"temporary", kReports, "Blocks that were freed right after their allocation", set_up_temporary},
    {"timeline", kReports, "Memory over time, with marks and garbage collections", set_up_timeline},
    {"check", kReports, "Pass or fail for a build: limits on leaks, peak and held memory", set_up_check},
    {"export", kProfiles, "Stacks in the formats of other tools", set_up_export},
    {"pack", kProfiles, "Make profiles three to ten times smaller, without loss", set_up_pack},
    {"symbolize", kProfiles, "Store the names of native functions in profiles", set_up_symbolize},
    {"dump", kProfiles, "The segments, records and events of a profile as text", set_up_dump},
};

}  // namespace

std::span<const Command> commands() noexcept {
  return kCommands;
}

}  // namespace cistern::analyzer
