// The commands, one declaration each; each is defined in its own file, <name>_command.cpp, as
// `const Command kSummaryCommand = {"summary", "what ran, and where its memory went", setup};`.
#pragma once

#include "analyzer/cli/command.h"

namespace cistern::analyzer {

extern const Command kRunCommand;
extern const Command kSummaryCommand;
extern const Command kLeaksCommand;
extern const Command kPeakCommand;
extern const Command kTemporaryCommand;
extern const Command kPoolsCommand;
extern const Command kTreeCommand;
extern const Command kLinesCommand;
extern const Command kTimelineCommand;
extern const Command kExportCommand;
extern const Command kPackCommand;
extern const Command kSymbolizeCommand;
extern const Command kCheckCommand;
extern const Command kLoopCommand;
extern const Command kDumpCommand;

}  // namespace cistern::analyzer
