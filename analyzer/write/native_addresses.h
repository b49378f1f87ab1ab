// The native addresses in a profile's stacks, with their modules and the source of the names that the profile has for
// them. Reads only the record segments: much faster than reading the whole profile.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/pack/segment_codec.h"
#include "analyzer/read/native_symbols.h"
#include "analyzer/write/profile_outline.h"

namespace cistern::analyzer {

struct NativeModule {
  std::string path;
  std::string build_id;  // raw bytes
};

// An address, and the best source of names that the profile has for it: nothing when it has none.
struct RecordedAddress {
  NativeAddress at;
  std::optional<SymbolSource> known;
};

class NativeAddresses {
 public:
  // Skips segments that cannot be read.
  explicit NativeAddresses(const ProfileOutline& outline);

  // Sorted by module and address, each once. Addresses in unknown modules are left out.
  std::vector<RecordedAddress> sorted() const;
  const NativeModule& module(ModuleId id) const { return modules_.at(raw(id)); }
  // The next free sequence number of kSymbolStream.
  uint64_t next_sequence() const noexcept { return next_sequence_; }

 private:
  void read_segment(const FoundSegment& segment);
  void read_record(RecordType type, Cursor in);
  void read_symbol(const SymbolRecord& symbol);

  tsl::robin_map<NativeAddress, std::optional<SymbolSource>, NativeAddressHash> known_;
  std::map<uint32_t, NativeModule> modules_;
  std::string executable_;
  uint64_t next_sequence_ = 0;
  SegmentUnpacker unpacker_;
  std::vector<uint8_t> content_;
};

}  // namespace cistern::analyzer
