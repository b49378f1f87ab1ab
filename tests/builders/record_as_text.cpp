#include "tests/builders/record_as_text.h"

#include <cstdio>
#include <type_traits>

#include "tests/builders/record_fields.h"

namespace cistern {
namespace {

class Writer {
 public:
  template <typename T>
  void operator()(const char* name, const T& value) {
    text_ += " " + std::string(name) + "=";
    if constexpr (std::is_same_v<T, std::string_view>) {
      text_ += quoted(value);
    } else if constexpr (std::is_enum_v<T>) {
      text_ += std::to_string(static_cast<std::underlying_type_t<T>>(value));
    } else {
      text_ += std::to_string(value);
    }
  }
  template <typename... Bools>
  void flags(const char* name, const Bools&... bits) {
    unsigned value = 0, bit = 1;
    ((value |= bits ? bit : 0, bit <<= 1), ...);
    (*this)(name, value);
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

template <typename Record>
std::string fields_of(std::string_view payload) {
  Record record;
  Cursor in(payload);
  if (!record.get(in)) return ": malformed";
  Writer writer;
  fields(record, writer);
  return writer.text();
}

}  // namespace

std::string name_of(RecordType type) {
  constexpr const char* names[] = {"",           "string",     "code",   "line table",  "stack node",
                                   "module",     "module end", "thread", "thread name", "thread end",
                                   "clock pair", "mark",       "phase",  "memory",      "malloc info",
                                   "collection", "losses",     "image",  "environment", "interpreter",
                                   "end",        "install",    "child",  "retired",     "epoch"};
  if (type == RecordType::kSymbol) return "symbol";
  if (type == RecordType::kSnapshot) return "snapshot";
  const auto number = static_cast<uint32_t>(type);
  return number > 0 && number < std::size(names) ? names[number] : "type " + std::to_string(number);
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
  bool known = false;
  for_each_record_type([&](auto record) {
    if (record.kType != raw_record.type) return;
    known = true;
    text += fields_of<decltype(record)>(raw_record.payload);
  });
  return known ? text : text + ": " + std::to_string(raw_record.payload.size()) + " bytes";
}

}  // namespace cistern
