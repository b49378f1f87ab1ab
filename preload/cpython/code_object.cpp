#include "preload/cpython/code_object.h"

namespace cistern::preload {
namespace {

constexpr uint16_t kTupleItems = 24;  // PyTupleObject.ob_item, up to 3.13; constants are read up to 3.10

}  // namespace

uint32_t code_fingerprint(const PythonLayout& layout, const uint8_t* code) noexcept {
  const auto mix = [](uint64_t a, uint64_t b) { return (a ^ b) * 0x9e3779b97f4a7c15; };
  uint64_t hash = mix(0, load<uint64_t>(code, layout.file));
  hash = mix(hash, load<uint64_t>(code, layout.name));
  hash = mix(hash, load<uint64_t>(code, layout.line_table));
  hash = mix(hash, static_cast<uint64_t>(first_line_of(layout, code)));
  return static_cast<uint32_t>(hash >> 32);
}

std::string_view line_table_of(const PythonLayout& layout, const uint8_t* code) noexcept {
  const uint8_t* const table = load_pointer(code, layout.line_table);
  if (table == nullptr) return {};
  return {reinterpret_cast<const char*>(table + layout.bytes_data), load<uint64_t>(table, layout.object_size)};
}

Constants constants_of(const PythonLayout& layout, const uint8_t* code) noexcept {
  const uint8_t* const tuple = load_pointer(code, layout.constants);
  if (tuple == nullptr) return {};
  return {reinterpret_cast<const uint8_t* const*>(tuple + kTupleItems), load<uint64_t>(tuple, layout.object_size)};
}

}  // namespace cistern::preload
