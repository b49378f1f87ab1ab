#include "tests/builders/record_as_text.h"

#include <cstdio>
#include <type_traits>

#include "cistern/format/all_records.h"

namespace cistern {
namespace {

class FieldText {
 public:
  explicit FieldText(std::string& out) : out_(out) {}

  template <typename T>
  void operator()(const char* name, const T& value) {
    out_ += " " + std::string(name) + "=";
    if constexpr (std::is_same_v<T, std::string_view>) {
      out_ += quoted(value);
    } else if constexpr (std::is_enum_v<T>) {
      out_ += std::to_string(static_cast<std::underlying_type_t<T>>(value));
    } else {
      out_ += std::to_string(value);
    }
  }
  void bytes(const char* name, std::string_view value) { (*this)(name, value); }
  template <typename... Bools>
  void flags(const char* name, const Bools&... bits) {
    unsigned value = 0, bit = 1;
    ((value |= bits ? bit : 0, bit <<= 1), ...);
    (*this)(name, value);
  }

 private:
  std::string& out_;
};

}  // namespace

std::string name_of(RecordType type) {
  std::string name = "type " + std::to_string(static_cast<uint32_t>(type));
  with_record_type(type, [&](auto record) { name = record.kName; });
  return name;
}

std::string quoted(std::string_view bytes) {
  std::string text = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      text += c;
    } else {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02X", byte);
      text += escape;
    }
  }
  return text + '"';
}

std::string text_of(const RawRecord& raw_record) {
  std::string text = name_of(raw_record.type);
  const bool known = with_record_type(raw_record.type, [&](auto record) {
    Cursor in(raw_record.payload);
    if (get_fields(in, record)) {
      record.for_each_field(record, FieldText(text));
    } else {
      text += ": malformed";
    }
  });
  return known ? text : text + ": " + std::to_string(raw_record.payload.size()) + " bytes";
}

}  // namespace cistern
