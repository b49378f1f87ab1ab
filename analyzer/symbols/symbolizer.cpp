#include "analyzer/symbols/symbolizer.h"

namespace cistern::analyzer {

Symbolizer::OpenModule& Symbolizer::open(const Module& module, int64_t recorded_unix_ns, Detail detail) {
  auto& found = modules_[{std::string(module.path), std::string(module.build_id)}];
  if (found == nullptr) {
    found = std::make_unique<OpenModule>(
        OpenModule{ModuleFile(module.path, module.build_id, recorded_unix_ns, sources_, detail), {}});
  }
  return *found;
}

std::vector<Symbol> Symbolizer::look_up(ModuleFile& file, uint64_t address) {
  const FoundPlace place = file.find(address);
  std::vector<Symbol> symbols;
  for (const FoundFunction& function : place.functions) {
    symbols.push_back({place.source, function.line, kept(function.function), kept(function.file)});
  }
  if (symbols.empty()) symbols.push_back({});
  return symbols;
}

std::span<const Symbol> Symbolizer::find(const Module& module, uint64_t address, int64_t recorded_unix_ns,
                                         Detail detail) {
  OpenModule& open_module = open(module, recorded_unix_ns, detail);
  if (!open_module.file.is_used()) return {};
  const auto known = open_module.known.find(address);
  if (known != open_module.known.end()) return known->second;
  return open_module.known.insert({address, look_up(open_module.file, address)}).first->second;
}

std::vector<Symbolizer::Problem> Symbolizer::problems() const {
  std::vector<Problem> problems;
  for (const auto& [key, module] : modules_) {
    if (!module->file.is_used()) problems.push_back({module->file.path(), module->file.state()});
  }
  return problems;
}

}  // namespace cistern::analyzer
