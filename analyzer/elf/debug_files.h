// Debug information that lies apart from its module: under the build id below a folder, or where .gnu_debuglink points
// to (beside the module, in .debug beside it, or below that folder), with the checksum that it names.
#pragma once

#include <string>
#include <string_view>

#include "analyzer/elf/elf_file.h"

namespace cistern::analyzer {

struct DebugSources {
  std::string root = "/usr/lib/debug";
  bool debuginfod = false;  // ask the servers of DEBUGINFOD_URLS, too
};

// Not open when there is none. `module` need not be open; `build_id`: raw bytes, empty when it has none.
ElfFile find_debug_file(const ElfFile& module, std::string_view build_id, const DebugSources& sources);

}  // namespace cistern::analyzer
