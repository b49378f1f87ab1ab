// Looks up addresses in the file of a recorded module, and in its debug information.
//
// The file on this machine is used only if it is the build that was recorded: the build ids are equal, or neither the
// recorded module nor the file has one and the file was last modified before the recording. Debug information is taken
// from the file itself, or from the separate file that debug_files.h finds. The separate file is also used when the
// module's file is absent. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "analyzer/elf/debug_files.h"
#include "analyzer/elf/debug_info.h"
#include "analyzer/elf/elf_file.h"
#include "analyzer/elf/found_function.h"
#include "analyzer/elf/symbol_index.h"

namespace cistern::analyzer {

enum class ModuleState : uint8_t {
  kUsed,
  kAbsent,      // no such file
  kOtherBuild,  // the file has changed since the recording
  kUnreadable,  // not an ELF file
};

// How much to look up. Opening large or compressed debug information takes tens of milliseconds.
enum class Detail : uint8_t {
  kAll,
  kFunctions,  // function names from the module's own symbol table only
};

class ModuleFile {
 public:
  // `build_id`: raw bytes, may be empty. `recorded_unix_ns`: when the recording started.
  ModuleFile(std::string_view path, std::string_view build_id, int64_t recorded_unix_ns, const DebugSources& sources,
             Detail detail = Detail::kAll);

  const std::string& path() const noexcept { return path_; }
  ModuleState state() const noexcept { return state_; }
  bool is_used() const noexcept { return file_.is_open() || debug_file_.is_open(); }

  // `address`: virtual address in the file. Requires: is_used().
  FoundPlace find(uint64_t address);

 private:
  void open_module(int64_t recorded_unix_ns);

  std::string path_;
  std::string build_id_;
  ModuleState state_ = ModuleState::kAbsent;
  ElfFile file_;
  ElfFile debug_file_;
  SymbolIndex symbols_;
  DebugInfo debug_info_;
};

}  // namespace cistern::analyzer
