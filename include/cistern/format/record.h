// Records: everything that is not an allocation. A record is a varint type, a varint length, and that many bytes of
// fields. A reader skips types that it does not know, and ignores bytes behind the fields that it knows: both may grow.
// Times are absolute, in the profile's time.
//
// This file has the frame around a record and the encoding of fields. Each record type is a struct that lists its
// fields once, in for_each_field(); reading, writing and printing are visitors of that list. all_records.h lists the
// types. Nothing here allocates.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "cistern/format/cursor.h"
#include "cistern/format/varint.h"

namespace cistern {

enum class RecordType : uint32_t {
  kString = 1,
  kCode = 2,
  kLineTable = 3,
  kStackNode = 4,
  kModule = 5,
  kModuleEnd = 6,
  kThread = 7,
  kThreadName = 8,
  kThreadEnd = 9,
  kClockPair = 10,
  kMark = 11,
  kPhase = 12,
  kMemory = 13,
  kMallocInfo = 14,
  kCollection = 15,
  kLosses = 16,
  kImage = 17,
  kEnvironment = 18,
  kInterpreter = 19,
  kEnd = 20,
  kInstall = 21,
  kChild = 22,
  kRetired = 23,
  kEpoch = 24,
  kStop = 25,
  kProcess = 26,
  kSymbol = 34,
  kSnapshot = 35,
  // Reserved for later writers: their layout is theirs to document when they come.
  kCensus = 32,
  kObjectType = 33,
};

// Appends fields to a caller's buffer. Never writes past its end: what does not fit sets overflowed().
// Does not allocate.
class RecordBuffer {
 public:
  RecordBuffer(uint8_t* begin, uint8_t* end) noexcept : begin_(begin), at_(begin), end_(end) {}

  void number(uint64_t value) noexcept {
    if (fits(kMaxVarintBytes)) at_ = put_varint(at_, value);
  }
  void signed_number(int64_t value) noexcept { number(zigzag(value)); }
  void text(std::string_view value) noexcept {
    number(value.size());
    if (value.empty() || !fits(value.size())) return;
    std::memcpy(at_, value.data(), value.size());
    at_ += value.size();
  }

  bool overflowed() const noexcept { return overflowed_; }
  uint64_t size() const noexcept { return static_cast<uint64_t>(at_ - begin_); }
  const uint8_t* data() const noexcept { return begin_; }

 private:
  bool fits(uint64_t size) noexcept {
    if (static_cast<uint64_t>(end_ - at_) >= size && !overflowed_) return true;
    overflowed_ = true;
    return false;
  }
  uint8_t* begin_;
  uint8_t* at_;
  uint8_t* end_;
  bool overflowed_ = false;
};

// Writes the fields that it visits. An unsigned number, an id, an enumerator and a bool are varints, a signed number is
// an svarint, a text is sized bytes.
class FieldWriter {
 public:
  explicit FieldWriter(RecordBuffer& out) noexcept : out_(out) {}

  template <typename T>
  void operator()(const char*, const T& field) noexcept {
    if constexpr (std::is_same_v<T, std::string_view>) {
      out_.text(field);
    } else if constexpr (std::is_same_v<T, int64_t>) {
      out_.signed_number(field);
    } else {
      out_.number(static_cast<uint64_t>(field));
    }
  }
  // A text that is not meant to be read.
  void bytes(const char*, std::string_view field) noexcept { out_.text(field); }
  // Bools that share one number, lowest bit first.
  template <typename... Bools>
  void flags(const char*, const Bools&... bits) noexcept {
    uint64_t value = 0;
    unsigned shift = 0;
    ((value |= uint64_t{bits} << shift++), ...);
    out_.number(value);
  }

 private:
  RecordBuffer& out_;
};

// Reads the fields that it visits. Texts become views into the input.
class FieldReader {
 public:
  explicit FieldReader(Cursor& in) noexcept : in_(in) {}

  template <typename T>
  void operator()(const char*, T& field) noexcept {
    if constexpr (std::is_same_v<T, std::string_view>) {
      field = in_.sized_bytes();
    } else if constexpr (std::is_same_v<T, int64_t>) {
      field = in_.signed_varint();
    } else if constexpr (std::is_same_v<T, bool>) {
      field = (in_.varint() & 1) != 0;
    } else if constexpr (sizeof(T) == sizeof(uint32_t)) {
      field = static_cast<T>(in_.varint32());
    } else {
      static_assert(std::is_same_v<T, uint64_t>);
      field = in_.varint();
    }
  }
  void bytes(const char*, std::string_view& field) noexcept { field = in_.sized_bytes(); }
  template <typename... Bools>
  void flags(const char*, Bools&... bits) noexcept {
    uint64_t value = in_.varint();
    ((bits = (value & 1) != 0, value >>= 1), ...);
  }

 private:
  Cursor& in_;
};

// Appends the fields of `record` to `out`.
template <typename Record>
void put_fields(RecordBuffer& out, const Record& record) noexcept {
  Record::for_each_field(record, FieldWriter(out));
}

// Reads the fields of `record`. Returns false when they are malformed; then some of them are zero.
template <typename Record>
bool get_fields(Cursor& in, Record& record) noexcept {
  Record::for_each_field(record, FieldReader(in));
  return in.ok();
}

// One record as it lies in a record segment.
struct RawRecord {
  RecordType type{};
  uint64_t offset = 0;  // of its first byte in the payload
  std::string_view payload;
};

// Reads the next record's frame. Returns false at the end, or when it is malformed (then in.ok() is false).
inline bool next_record(Cursor& in, RawRecord& record) noexcept {
  if (!in.ok() || in.at_end()) return false;
  record.offset = in.offset();
  record.type = static_cast<RecordType>(in.varint32());
  record.payload = in.sized_bytes();
  return in.ok();
}

// Bytes that a record of `payload` bytes takes at most.
constexpr uint64_t framed_bytes(uint64_t payload) noexcept {
  return payload + 2 * kMaxVarintBytes;
}

// Writes a record's frame and payload at `out`, where framed_bytes() bytes are free; returns its end.
inline uint8_t* put_record(uint8_t* out, RecordType type, const RecordBuffer& payload) noexcept {
  out = put_varint(out, static_cast<uint32_t>(type));
  out = put_varint(out, payload.size());
  std::memcpy(out, payload.data(), payload.size());
  return out + payload.size();
}

}  // namespace cistern
