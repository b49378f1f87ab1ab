// Finds the separate debug file of a module. Search order: the build id below DebugSources::root; the name in
// .gnu_debuglink, in the module's directory, in its .debug subdirectory, and in the same directory below the root (the
// checksum must match); the debuginfod servers, if enabled.
#pragma once

#include <string>
#include <string_view>

#include "analyzer/elf/debuginfod.h"
#include "analyzer/elf/elf_file.h"

namespace cistern::analyzer {

struct DebugSources {
  std::string root = "/usr/lib/debug";
  // Not null: also ask the servers in DEBUGINFOD_URLS, and call this before each request.
  DebuginfodRequest debuginfod = nullptr;
};

// Returns the debug file, not open when none is found. `module` may be closed. `build_id`: raw bytes, may be empty.
ElfFile find_debug_file(const ElfFile& module, std::string_view build_id, const DebugSources& sources);

}  // namespace cistern::analyzer
