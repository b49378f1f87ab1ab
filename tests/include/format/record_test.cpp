#include "cistern/format/record.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "cistern/format/all_records.h"
#include "tests/builders/record_as_text.h"

namespace cistern {
namespace {

using Bytes = std::vector<uint8_t>;

// Fills the fields of a record with random values that fit them; owns the strings that they view.
class Filler {
 public:
  explicit Filler(uint32_t seed) : random_(seed) {}

  template <typename T>
  void operator()(const char*, T& field) {
    if constexpr (std::is_same_v<T, std::string_view>) {
      field = text();
    } else if constexpr (std::is_same_v<T, bool>) {
      field = number() % 2 == 1;
    } else {
      field = static_cast<T>(number());
    }
  }
  void bytes(const char*, std::string_view& field) { field = text(); }
  template <typename... Bools>
  void flags(const char* name, Bools&... bits) {
    ((*this)(name, bits), ...);
  }

 private:
  uint64_t number() {
    const uint64_t wide = uint64_t{random_()} << 32 | random_();
    return random_() % 8 == 0 ? UINT64_MAX : wide >> random_() % 64;
  }
  std::string_view text() {
    std::string& made = texts_.emplace_back(random_() % 4 == 0 ? 0 : random_() % 300, '\0');
    for (char& c : made) c = static_cast<char>(random_());
    return made;
  }
  std::mt19937 random_;
  std::deque<std::string> texts_;
};

template <typename Record>
Bytes payload_of(const Record& record) {
  Bytes bytes(64 * 1024);
  RecordBuffer out(bytes.data(), bytes.data() + bytes.size());
  put_fields(out, record);
  EXPECT_FALSE(out.overflowed());
  bytes.resize(out.size());
  return bytes;
}

std::string_view view(const Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <typename Record>
Record random_record(Filler& filler) {
  Record record;
  Record::for_each_field(record, filler);
  return record;
}

template <typename Check>
void with_random_records(int rounds, Check check) {
  for (int seed = 0; seed < rounds; ++seed) {
    Filler filler(static_cast<uint32_t>(seed));
    for_each_record_type([&](auto empty) { check(random_record<decltype(empty)>(filler)); });
  }
}

TEST(Record, EveryTypeIsDecodedUnchanged) {
  with_random_records(300, [](auto record) {
    using Type = decltype(record);
    const Bytes bytes = payload_of(record);
    Type read;
    Cursor in(view(bytes));
    ASSERT_TRUE(get_fields(in, read)) << name_of(Type::kType);
    EXPECT_TRUE(in.at_end()) << name_of(Type::kType);
    EXPECT_EQ(payload_of(read), bytes) << name_of(Type::kType);
  });
}

TEST(Record, ATruncatedPayloadIsMalformed) {
  with_random_records(4, [](auto record) {
    using Type = decltype(record);
    const Bytes bytes = payload_of(record);
    for (size_t cut = 0; cut < bytes.size(); ++cut) {
      const Bytes truncated(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(cut));
      Type read;
      Cursor in(view(truncated));
      ASSERT_FALSE(get_fields(in, read)) << name_of(Type::kType) << " cut at " << cut << " of " << bytes.size();
    }
  });
}

TEST(Record, AppendedFieldsAreIgnored) {
  with_random_records(4, [](auto record) {
    using Type = decltype(record);
    Bytes bytes = payload_of(record);
    const size_t known = bytes.size();
    bytes.insert(bytes.end(), {0x7f, 0xff, 0xff});
    Type read;
    Cursor in(view(bytes));
    ASSERT_TRUE(get_fields(in, read)) << name_of(Type::kType);
    EXPECT_EQ(in.offset(), known) << name_of(Type::kType);
  });
}

TEST(Record, NoTypeWritesPastItsBuffer) {
  with_random_records(2, [](auto record) {
    using Type = decltype(record);
    const Bytes whole = payload_of(record);
    for (size_t capacity = 0; capacity < whole.size(); ++capacity) {
      Bytes bytes(capacity + 16, 0xa5);
      RecordBuffer out(bytes.data(), bytes.data() + capacity);
      put_fields(out, record);
      ASSERT_TRUE(out.overflowed()) << name_of(Type::kType) << " in " << capacity;
      ASSERT_LE(out.size(), capacity);
      for (size_t i = capacity; i < bytes.size(); ++i) ASSERT_EQ(bytes[i], 0xa5) << name_of(Type::kType);
    }
  });
}

TEST(Record, FramesAreReadInOrderAndTruncatedOnesAreMalformed) {
  Bytes stream;
  std::vector<std::string> texts;
  std::vector<size_t> ends{0};
  with_random_records(1, [&](auto record) {
    Bytes buffer(64 * 1024);
    RecordBuffer payload(buffer.data(), buffer.data() + buffer.size());
    put_fields(payload, record);
    Bytes framed(framed_bytes(payload.size()));
    stream.insert(stream.end(), framed.data(), put_record(framed.data(), record.kType, payload));
    texts.push_back(text_of({record.kType, 0, view(payload_of(record))}));
    ends.push_back(stream.size());
  });
  for (size_t cut = 0; cut <= stream.size(); ++cut) {
    const Bytes truncated(stream.begin(), stream.begin() + static_cast<ptrdiff_t>(cut));
    Cursor in(view(truncated));
    RawRecord record;
    size_t count = 0;
    for (; next_record(in, record); ++count) {
      ASSERT_EQ(text_of(record), texts[count]);
      ASSERT_EQ(record.offset, ends[count]);
    }
    ASSERT_LE(ends[count], cut);
    ASSERT_EQ(in.ok(), ends[count] == cut) << "cut at " << cut;
  }
}

TEST(Record, AnUnknownTypeIsSkippedByItsLength) {
  const Bytes stream{0xe7, 0x07, 0x02, 0xff, 0xff, 0x0c, 0x02, 0x05, 0x03};
  Cursor in(view(stream));
  RawRecord record;
  ASSERT_TRUE(next_record(in, record));
  EXPECT_EQ(text_of(record), "type 999: 2 bytes");
  ASSERT_TRUE(next_record(in, record));
  EXPECT_EQ(text_of(record), "phase time=5 phase=3");
  EXPECT_FALSE(next_record(in, record));
  EXPECT_TRUE(in.ok());
}

TEST(Record, LossesWithMoreCountersKeepTheKnownOnes) {
  Bytes payload{0x01, 0x28};  // at time 1, forty counters
  for (uint8_t i = 0; i < 40; ++i) payload.push_back(i);
  LossesRecord losses;
  Cursor in(view(payload));
  ASSERT_TRUE(get_fields(in, losses));
  EXPECT_EQ(losses.count, LossesRecord::kMaxFields);
  for (uint32_t i = 0; i < losses.count; ++i) EXPECT_EQ(losses.fields[i], i);
}

TEST(Record, TypesAreNumberedWithoutGapsOrDoubles) {
  std::set<RecordType> types;
  for_each_record_type([&](auto record) { types.insert(record.kType); });
  ASSERT_EQ(types.size(), std::tuple_size_v<AllRecords>);
  EXPECT_EQ(*types.begin(), RecordType::kString);
  EXPECT_EQ(types.erase(RecordType::kSymbol), 1u);  // smaller numbers are reserved
  EXPECT_EQ(types.erase(RecordType::kSnapshot), 1u);
  EXPECT_EQ(static_cast<size_t>(*types.rbegin()), types.size());
}

}  // namespace
}  // namespace cistern
