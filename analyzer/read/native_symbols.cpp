#include "analyzer/read/native_symbols.h"

namespace cistern::analyzer {

bool NativeSymbols::add(const SymbolRecord& record) {
  const NativeAddress at{record.module, record.address};
  if (raw(record.module) == 0) return false;
  if (record.level == 0) begin(at, record.source);
  if (at != last_ || record.level != next_level_) return false;
  ++next_level_;
  if (skipped_) return true;
  symbols_.push_back({record.source, record.line, record.function, record.file});
  ++index_.find(at).value().count;
  return true;
}

void NativeSymbols::begin(const NativeAddress& at, SymbolSource source) {
  last_ = at;
  next_level_ = 0;
  const Place place{static_cast<uint32_t>(symbols_.size()), 0};
  const auto [known, added] = index_.insert({at, place});
  skipped_ = !added && symbols_[known->second.first].source >= source;
  if (!added && !skipped_) known.value() = place;
}

std::span<const Symbol> NativeSymbols::find(const NativeAddress& at) const noexcept {
  const auto found = index_.find(at);
  if (found == index_.end()) return {};
  return {symbols_.data() + found->second.first, found->second.count};
}

}  // namespace cistern::analyzer
