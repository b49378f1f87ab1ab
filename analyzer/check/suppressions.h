// Leaks that a team has accepted, from a TOML file:
//
//   [[suppress]]
//   function = "Registry.add"        # text that occurs in the name, or a glob with * ? [ ], as in the filters
//   file = "*/plugins.py"            # of the same frame as the function; for a native frame its source or module
//   module = "_fast*.so"             # of a native frame of the same stack: its path, or the last part of the path
//   kind = "unknown"                 # of the leak
//   reason = "plugins live as long as the process"
//   expires = 2027-01-31             # optional: the last day (UTC) on which the entry is valid
//
// An entry needs a reason and at least one of the first four fields. All given fields must match frames of one stack.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/leaks/leak_group.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

struct Suppression {
  std::string function;  // patterns; empty: anything
  std::string file;
  std::string module;
  std::string kind;
  std::string reason;
  std::string expires;  // "2027-01-31", or empty
  bool expired = false;
  bool used = false;  // has matched a leak
  uint32_t line = 0;  // of its entry in the file

  bool matches(const CallTree& tree, const LeakGroup& group) const;
};

class Suppressions {
 public:
  Suppressions() = default;
  // `name` is for messages. Errors: Failure, exit code 2, "<name>:<line>: …".
  Suppressions(std::string_view text, const std::string& name, std::chrono::sys_days today);

  // Marks the entries that match `group` as used. Returns the index of the first that has not expired.
  std::optional<size_t> suppress(const CallTree& tree, const LeakGroup& group);

  const std::vector<Suppression>& entries() const noexcept { return entries_; }
  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
  std::vector<Suppression> entries_;
};

// Errors: Failure, exit code 2, when the file cannot be read or has an error.
Suppressions read_suppressions(const std::string& path);

}  // namespace cistern::analyzer
