// The symbols of native addresses that the profile has: the functions of each address, the innermost first. Records
// that do not follow each other are refused. If an address has several groups of records, the first group of the best
// source counts.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "analyzer/read/mixed_hash.h"
#include "cistern/format/definition_records.h"

namespace cistern::analyzer {

struct Symbol {
  SymbolSource source = SymbolSource::kNone;
  uint32_t line = 0;          // 0: unknown
  std::string_view function;  // empty: unknown
  std::string_view file;      // empty: unknown
};

// An address of one image's module, as in its stack nodes.
struct NativeAddress {
  ModuleId module{};
  uint64_t address = 0;
  bool operator==(const NativeAddress&) const = default;
};

struct NativeAddressHash {
  size_t operator()(const NativeAddress& at) const noexcept {
    return MixedHash{}(at.address * 0x9E3779B97F4A7C15u + raw(at.module));
  }
};

class NativeSymbols {
 public:
  // Returns false if the record's level does not follow the one before.
  bool add(const SymbolRecord& record);

  // Empty: the address was not looked up. An address without a name has one symbol with an empty function.
  std::span<const Symbol> find(const NativeAddress& at) const noexcept;

  uint64_t count() const noexcept { return index_.size(); }

 private:
  void begin(const NativeAddress& at, SymbolSource source);

  struct Place {
    uint32_t first = 0;
    uint32_t count = 0;
  };
  std::vector<Symbol> symbols_;
  tsl::robin_map<NativeAddress, Place, NativeAddressHash> index_;
  NativeAddress last_;
  uint32_t next_level_ = 0;  // of last_
  bool skipped_ = false;
};

}  // namespace cistern::analyzer
