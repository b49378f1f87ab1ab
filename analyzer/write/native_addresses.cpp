#include "analyzer/write/native_addresses.h"

#include <algorithm>
#include <tuple>

#include "cistern/format/image_records.h"
#include "cistern/format/record.h"

namespace cistern::analyzer {

NativeAddresses::NativeAddresses(const ProfileOutline& outline) {
  for (const auto& [key, segment] : outline.segments) {
    if (key.stream_id == kSymbolStream) next_sequence_ = std::max(next_sequence_, key.sequence + 1);
    if (segment.header.kind == SegmentKind::kRecords && is_known(segment.header.codec)) read_segment(segment);
  }
  for (auto& [id, module] : modules_) {
    if (module.path.empty()) module.path = executable_;  // the program itself
  }
}

// Called in the order of the keys: the symbol stream comes after all stack nodes.
void NativeAddresses::read_segment(const FoundSegment& segment) {
  if (is_packed(segment.header)) {
    unpacker_.unpack(segment.header, segment.payload, content_);
  } else {
    content_.assign(segment.payload.begin(), segment.payload.end());
  }
  Cursor in(content_.data(), content_.data() + content_.size());
  for (RawRecord record; next_record(in, record);) read_record(record.type, Cursor(record.payload));
}

void NativeAddresses::read_record(RecordType type, Cursor in) {
  if (type == RecordType::kStackNode) {
    StackNodeRecord node;
    if (!get_fields(in, node) || node.kind != NodeKind::kNative || node.a == 0) return;
    known_.insert({{ModuleId{node.a}, static_cast<uint64_t>(node.b)}, std::nullopt});
  } else if (type == RecordType::kModule) {
    ModuleRecord module;
    if (get_fields(in, module))
      modules_.insert({raw(module.id), {std::string(module.path), std::string(module.build_id)}});
  } else if (type == RecordType::kImage) {
    ImageRecord image;
    if (get_fields(in, image)) executable_ = image.executable;
  } else if (type == RecordType::kSymbol) {
    SymbolRecord symbol;
    if (get_fields(in, symbol)) read_symbol(symbol);
  }
}

void NativeAddresses::read_symbol(const SymbolRecord& symbol) {
  const auto found = known_.find({symbol.module, symbol.address});
  if (found == known_.end()) return;
  std::optional<SymbolSource>& source = found.value();
  if (!source || *source < symbol.source) source = symbol.source;
}

std::vector<RecordedAddress> NativeAddresses::sorted() const {
  std::vector<RecordedAddress> addresses;
  for (const auto& [at, known] : known_) {
    if (modules_.contains(raw(at.module))) addresses.push_back({at, known});
  }
  std::sort(addresses.begin(), addresses.end(), [](const RecordedAddress& a, const RecordedAddress& b) {
    return std::tuple(raw(a.at.module), a.at.address) < std::tuple(raw(b.at.module), b.at.address);
  });
  return addresses;
}

}  // namespace cistern::analyzer
