#include "analyzer/render/text/record_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <type_traits>

#include "analyzer/render/layout/columns.h"
#include "cistern/format/all_records.h"

namespace cistern::analyzer {
namespace {

bool is_in_hexadecimal(std::string_view field) {
  constexpr std::string_view kFields[] = {"address", "base", "domains", "size", "start", "version_hex"};
  return std::find(std::begin(kFields), std::end(kFields), field) != std::end(kFields);
}

// Visits the fields of a record: " name=value" for each one.
class FieldText {
 public:
  explicit FieldText(std::string& out) : out_(out) {}

  template <typename T>
  void operator()(std::string_view name, const T& value) {
    if constexpr (std::is_same_v<T, std::string_view>) {
      out_ += fmt::format(" {}=\"{}\"", name, printable(with_spaces(value)));
    } else if constexpr (std::is_same_v<T, int64_t>) {
      out_ += fmt::format(" {}={}", name, value);
    } else {
      const auto number = static_cast<uint64_t>(value);
      out_ += is_in_hexadecimal(name) ? fmt::format(" {}={:#x}", name, number) : fmt::format(" {}={}", name, number);
    }
  }
  void bytes(std::string_view name, std::string_view value) {
    constexpr size_t kLongest = 4096;
    if (value.size() > kLongest) {
      out_ += fmt::format(" {}=({} bytes)", name, value.size());
      return;
    }
    out_ += fmt::format(" {}=", name);
    for (const char byte : value) out_ += fmt::format("{:02x}", static_cast<uint8_t>(byte));
  }
  template <typename... Bools>
  void flags(std::string_view name, const Bools&... bits) {
    uint64_t value = 0;
    unsigned shift = 0;
    ((value |= uint64_t{bits} << shift++), ...);
    out_ += fmt::format(" {}={:#x}", name, value);
  }

 private:
  // Arguments of a program are separated by zero bytes.
  static std::string with_spaces(std::string_view text) {
    std::string copy(text);
    std::replace(copy.begin(), copy.end(), '\0', ' ');
    return copy;
  }
  std::string& out_;
};

std::string name_of(std::string_view type) {
  std::string name(type);
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
}

}  // namespace

std::string record_text(const RawRecord& raw_record) {
  std::string text;
  const bool known = with_record_type(raw_record.type, [&](auto record) {
    Cursor in(raw_record.payload);
    if (get_fields(in, record)) {
      text = name_of(record.kName);
      record.for_each_field(record, FieldText(text));
    } else {
      text = fmt::format("malformed type={}", static_cast<uint32_t>(raw_record.type));
    }
  });
  if (known) return text;
  return fmt::format("unknown type={} bytes={}", static_cast<uint32_t>(raw_record.type), raw_record.payload.size());
}

}  // namespace cistern::analyzer
