#include "analyzer/elf/module_file.h"

#include <utility>

#include "analyzer/elf/debug_files.h"
#include "analyzer/elf/demangle.h"

namespace cistern::analyzer {

ModuleFile::ModuleFile(std::string_view path, std::string_view build_id, int64_t recorded_unix_ns,
                       const DebugSources& sources, Detail detail)
    : path_(path), build_id_(build_id) {
  open_module(recorded_unix_ns);
  if (detail == Detail::kFunctions) {
    symbols_ = SymbolIndex(file_);
    return;
  }
  debug_info_ = DebugInfo(file_);
  if (!debug_info_.is_there()) debug_file_ = find_debug_file(file_, build_id_, sources);
  if (debug_file_.is_open()) debug_info_ = DebugInfo(debug_file_);
  symbols_ = SymbolIndex(debug_file_.is_open() ? debug_file_ : file_);
  if (symbols_.empty()) symbols_ = SymbolIndex(file_);
}

void ModuleFile::open_module(int64_t recorded_unix_ns) {
  if (!path_.starts_with('/')) return;  // a module of the kernel, such as linux-vdso.so.1
  ElfFile file(path_);
  if (!file.is_there()) return;
  if (!file.is_open()) {
    state_ = ModuleState::kUnreadable;
    return;
  }
  const std::string_view found = file.build_id();
  const bool same =
      build_id_.empty() ? found.empty() && file.modified_unix_ns() < recorded_unix_ns : found == build_id_;
  state_ = same ? ModuleState::kUsed : ModuleState::kOtherBuild;
  if (same) file_ = std::move(file);
}

// libc's debug information names functions such as "__strdup"; the symbol table has the public name, "strdup".
FoundPlace ModuleFile::find(uint64_t address) {
  FoundPlace place;
  place.functions = debug_info_.find(address);
  const SymbolIndex::Function* const symbol = symbols_.find(address);
  if (!place.functions.empty()) {
    place.source = SymbolSource::kDebugInfo;
    std::string& outermost = place.functions.back().function;
    const bool hidden = outermost.empty() || outermost.starts_with('_');
    if (hidden && symbol != nullptr) outermost = readable_name(symbol->name);
  } else if (symbol != nullptr) {
    place.source = SymbolSource::kSymbolTable;
    place.functions.push_back({readable_name(symbol->name), {}, 0});
  }
  return place;
}

}  // namespace cistern::analyzer
