// What can be known of a module that was recorded: from its file, if that is the build that was recorded, and from a
// file with its debug information, if that lies apart. Files are opened when the first address is asked for.
//
// A file is the recorded one when both have the same build id; when neither has one, if it was last modified before the
// recording. Debug information lies in the file itself, or where debug_files.h looks for it. Where the module's own
// file is gone, the other one will do.
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
  kOtherBuild,  // the file has changed since
  kUnreadable,  // it is no ELF file
};

// What is asked for. To open debug information takes tens of milliseconds where it is large or compressed.
enum class Detail : uint8_t {
  kAll,
  kFunctions,  // of the module's own symbol table
};

class ModuleFile {
 public:
  // `build_id`: raw bytes, empty when it has none.
  ModuleFile(std::string_view path, std::string_view build_id, int64_t recorded_unix_ns, const DebugSources& sources,
             Detail detail = Detail::kAll);

  const std::string& path() const noexcept { return path_; }
  ModuleState state() const noexcept { return state_; }
  bool is_used() const noexcept { return file_.is_open() || debug_file_.is_open(); }

  // `address`: in the file's own virtual addresses. Requires: is_used().
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
