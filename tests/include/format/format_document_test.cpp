// FORMAT.md agrees with the code: its field tables decode what the encoders write, and its examples decode to their
// texts.
#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <sstream>
#include <type_traits>

#include "cistern/format/all_records.h"
#include "cistern/format/checksum.h"
#include "tests/builders/event_text.h"
#include "tests/builders/record_as_text.h"
#include "tests/builders/segment_text.h"
#include "tests/include/format/format_document.h"

namespace cistern {
namespace {

const FormatDocument& document() {
  static const FormatDocument read = read_format_document(CISTERN_FORMAT);
  return read;
}

// Decodes a payload by the rows of a field table. One "name=value" per field, as text_of(RawRecord) does.
std::string decoded_by(const DocumentTable& table, Cursor& in) {
  std::string text;
  uint64_t previous = 0;
  for (const Row& row : table.rows) {
    const std::string &name = row.at(0), &encoding = row.at(1);
    const uint64_t count = encoding == "varint × count" ? previous : 1;
    for (uint64_t i = 0; i < count; ++i) {
      text += " " + name + "=";
      if (encoding == "svarint") {
        text += std::to_string(in.signed_varint());
      } else if (encoding == "bytes") {
        text += quoted(in.sized_bytes());
      } else if (encoding.starts_with("varint")) {
        previous = in.varint();
        text += std::to_string(previous);
      } else {
        ADD_FAILURE() << table.place << ": no encoding: " << encoding;
      }
    }
  }
  return text;
}

// Gives every field a different value, so that exchanged fields are noticed.
class Numberer {
 public:
  template <typename T>
  void operator()(const char*, T& field) {
    ++next_;
    if constexpr (std::is_same_v<T, std::string_view>) {
      constexpr std::string_view texts[] = {"one", "three", "five fives", ""};
      field = texts[next_ % 4];
    } else if constexpr (std::is_same_v<T, int64_t>) {
      field = -1000 - next_;
    } else {
      field = static_cast<T>(std::is_same_v<T, bool> ? next_ % 2 : 300 + next_);
    }
  }
  void bytes(const char* name, std::string_view& field) { (*this)(name, field); }
  template <typename... Bools>
  void flags(const char* name, Bools&... bits) {
    ((*this)(name, bits), ...);
  }

 private:
  int next_ = 0;
};

TEST(FormatDocument, TheFieldTableOfEveryRecordTypeDecodesWhatTheEncoderWrites) {
  for_each_record_type([](auto record) {
    using Type = decltype(record);
    const std::string heading =
        std::string(Type::kName) + " (" + std::to_string(static_cast<uint32_t>(Type::kType)) + ")";
    const DocumentTable* table = document().table(heading);
    ASSERT_NE(table, nullptr) << "no section " << heading;
    Type::for_each_field(record, Numberer{});
    uint8_t buffer[4096];
    RecordBuffer out(buffer, buffer + sizeof buffer);
    put_fields(out, record);
    ASSERT_FALSE(out.overflowed());
    const std::string_view payload(reinterpret_cast<const char*>(buffer), out.size());
    Cursor in(payload);
    const std::string described = name_of(Type::kType) + decoded_by(*table, in);
    EXPECT_EQ(described, text_of({Type::kType, 0, payload})) << table->place;
    EXPECT_TRUE(in.ok() && in.at_end()) << table->place << ": fields are missing in the table";
  });
}

std::string meaning_of_events(const DocumentExample& example) {
  return events_text(example.bytes.data(), example.bytes.data() + example.bytes.size(), 0);
}

std::string meaning_of(const DocumentExample& example) {
  const std::string_view bytes(reinterpret_cast<const char*>(example.bytes.data()), example.bytes.size());
  Cursor in(bytes);
  if (example.kind == "varint") return std::to_string(in.varint()) + "\n";
  if (example.kind == "svarint") return std::to_string(in.signed_varint()) + "\n";
  if (example.kind == "events") return meaning_of_events(example);
  if (example.kind == "records") return records_text(bytes);
  if (example.kind == "header") return header_text(bytes);
  if (example.kind == "segment") return segment_text(bytes);
  return "an unknown kind of example: " + example.kind;
}

// Line breaks in FORMAT.md have no meaning.
std::string on_one_line(const std::string& text) {
  std::string joined;
  std::istringstream words(text);
  for (std::string word; words >> word;) joined += (joined.empty() ? "" : " ") + word;
  return joined;
}

TEST(FormatDocument, EveryExampleDecodesToItsText) {
  ASSERT_GT(document().examples.size(), 25u);
  for (const DocumentExample& example : document().examples) {
    EXPECT_EQ(on_one_line(meaning_of(example)), on_one_line(example.meaning)) << example.place;
  }
}

TEST(FormatDocument, EveryOpHasAnExample) {
  std::set<int> ops;
  for (const DocumentExample& example : document().examples) {
    if (example.kind != "events") continue;
    EventDecoder decoder(example.bytes.data(), example.bytes.data() + example.bytes.size(), 0);
    if ((example.bytes.at(0) & 7) == 0) ops.insert(0);  // extensions are skipped by the decoder
    for (Event event; decoder.next(event);) ops.insert(static_cast<int>(event.op));
  }
  EXPECT_EQ(ops, (std::set<int>{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(FormatDocument, EveryRecordTypeHasAnExample) {
  std::set<RecordType> examples, types;
  for (const DocumentExample& example : document().examples) {
    if (example.kind == "records") examples.insert(static_cast<RecordType>(example.bytes.at(0)));
  }
  for_each_record_type([&](auto record) { types.insert(record.kType); });
  EXPECT_EQ(examples, types);
}

}  // namespace
}  // namespace cistern
