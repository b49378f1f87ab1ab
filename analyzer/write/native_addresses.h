// The native addresses in a profile's stacks, their modules, and what is known of them already, read from its record
// segments alone, and of these only what it takes: a small part of the time that reading the profile takes.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/pack/segment_codec.h"
#include "analyzer/read/symbols.h"
#include "analyzer/write/profile_outline.h"

namespace cistern::analyzer {

struct NativeModule {
  std::string path;
  std::string build_id;  // raw bytes
};

// An address, and the best source of the names that the profile has for it; none when it was not looked up.
struct NativePlace {
  NativeAddress at;
  std::optional<SymbolSource> known;
};

class NativePlaces {
 public:
  // Segments that cannot be read are passed over.
  explicit NativePlaces(const ProfileOutline& outline);

  // In order of their modules and addresses, each once; those in no known module left out.
  std::vector<NativePlace> places() const;
  const NativeModule& module(ModuleId id) const { return modules_.at(raw(id)); }
  // Of segments of kSymbolStream.
  uint64_t next_sequence() const noexcept { return next_sequence_; }

 private:
  void take_segment(const FoundSegment& segment);
  void take_record(RecordType type, Cursor in);
  void take_symbol(const SymbolRecord& symbol);

  tsl::robin_map<NativeAddress, std::optional<SymbolSource>, NativeAddressHash> known_;
  std::map<uint32_t, NativeModule> modules_;
  std::string executable_;
  uint64_t next_sequence_ = 0;
  SegmentUnpacker unpacker_;
  std::vector<uint8_t> content_;
};

}  // namespace cistern::analyzer
