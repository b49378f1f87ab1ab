// Names native addresses from the files on this machine, for all images of a report. A module is opened on the first
// request for one of its addresses, and once for all images. Texts live as long as this object. Not thread-safe.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/elf/module_file.h"
#include "analyzer/read/definitions.h"
#include "analyzer/read/mixed_hash.h"
#include "analyzer/read/native_symbols.h"

namespace cistern::analyzer {

class Symbolizer {
 public:
  explicit Symbolizer(DebugSources sources = {}) : sources_(std::move(sources)) {}

  // Returns the functions at an address of `module`, innermost first. One entry without a name: the module's file has
  // no function there. Empty: there is no such file, or it is another build. Requires: the same `detail` in all calls
  // for one module.
  std::span<const Symbol> find(const Module& module, uint64_t address, int64_t recorded_unix_ns,
                               Detail detail = Detail::kAll);

  struct Problem {
    std::string path;
    ModuleState state{};
  };
  // Modules whose files could not be used, sorted by path.
  std::vector<Problem> problems() const;

 private:
  struct OpenModule {
    ModuleFile file;
    tsl::robin_map<uint64_t, std::vector<Symbol>, MixedHash> known;  // by address
  };
  OpenModule& open(const Module& module, int64_t recorded_unix_ns, Detail detail);
  std::vector<Symbol> look_up(ModuleFile& file, uint64_t address);
  std::string_view kept(const std::string& text) { return *texts_.insert(text).first; }

  DebugSources sources_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<OpenModule>> modules_;  // by path and build id
  std::set<std::string> texts_;
};

}  // namespace cistern::analyzer
