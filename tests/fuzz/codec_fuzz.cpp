// Fuzzes the decoders of include/cistern (events by both decoders, records of every type) and the codecs of packed
// segments.
#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "analyzer/pack/column_unpacker.h"
#include "analyzer/pack/segment_codec.h"
#include "cistern/format/all_records.h"
#include "cistern/format/event.h"
#include "tests/fuzz/fuzz_target.h"

namespace cistern::fuzz {
namespace {

bool same(const Event& a, const Event& b) {
  return a.op == b.op && a.domain == b.domain && a.arena_freed == b.arena_freed && a.flags == b.flags &&
         a.stack == b.stack && a.time == b.time && a.end_time == b.end_time && a.address == b.address &&
         a.size == b.size && a.old_address == b.old_address && a.old_size == b.old_size;
}

// A decoded event is encoded in at most kMaxEventBytes bytes, and decodes to the same event.
void check_round_trip(const Event& event) {
  uint8_t bytes[kMaxEventBytes];
  EventState state;
  const uint8_t* const end = encode_event(bytes, state, event);
  require(end <= bytes + sizeof bytes, "an event is at most kMaxEventBytes long");
  EventDecoder decoder(bytes, end, 0);
  Event again;
  require(decoder.next(again), "what was encoded can be decoded");
  Event expected = event;
  if (event.op == Op::kMap || event.op == Op::kUnmap || event.op == Op::kRemap) expected.domain = again.domain;
  require(same(expected, again), "an event is the same when it was encoded and decoded");
}

void decode_events(const uint8_t* begin, const uint8_t* end) {
  EventDecoder decoder(begin, end, 1000);
  // A field that an op does not have stays as it was.
  for (Event event; decoder.next(event); event = Event{}) check_round_trip(event);
  require(decoder.offset() <= static_cast<uint64_t>(end - begin), "the offset lies in the payload");
}

struct Place {
  uint64_t time = 0;
  uint64_t address = 0;
  uint64_t size = 0;
  StackId stack{};
  Domain domain = Domain::kMalloc;
};

// The fast path for allocs and frees decodes the same events as the full decoder.
void decode_blocks(const uint8_t* begin, const uint8_t* end) {
  EventDecoder one(begin, end, 1000);
  EventDecoder other(begin, end, 1000);
  for (bool more = true; more;) {
    Event event;
    Place place;
    const Op op = one.next_block(place);
    if (op == Op::kExtension) {
      Event rest;
      more = one.next(rest);
      require(other.next(event) == more, "both decoders end at the same event");
      if (more) require(same(rest, event), "both decoders return the same event");
    } else {
      require(other.next(event) && event.op == op, "both decoders return the same op");
      require(place.time == event.time && place.address == event.address && place.domain == event.domain, "the place");
      if (op == Op::kAlloc) require(place.size == event.size && place.stack == event.stack, "the block");
    }
  }
  require(one.ok() == other.ok(), "both decoders agree on malformed events");
}

// Reads `payload` as a record of every type, and writes what was read.
void read_as_any_record(std::string_view payload) {
  for_each_record_type([payload](auto record) {
    Cursor in(payload);
    if (!get_fields(in, record)) return;
    uint8_t bytes[4096];
    RecordBuffer buffer(bytes, bytes + sizeof bytes);
    put_fields(buffer, record);
  });
}

void decode_records(const uint8_t* begin, const uint8_t* end) {
  Cursor in(begin, end);
  for (RawRecord record; next_record(in, record);) read_as_any_record(record.payload);
  require(in.offset() <= static_cast<uint64_t>(end - begin), "the offset lies in the payload");
}

SegmentHeader header_of(SegmentKind kind, Codec codec) {
  SegmentHeader header = new_segment_header(kind, StreamId{1}, 0, 1000);
  header.codec = codec;
  return header;
}

// A packed segment unpacks to the same bytes.
void pack(std::span<const uint8_t> content) {
  static analyzer::SegmentPacker packer;
  static analyzer::SegmentUnpacker unpacker;
  if (content.size() > kMaxSegmentBytes) return;
  std::string payload;
  std::vector<uint8_t> again;
  SegmentHeader header = header_of(SegmentKind::kEvents, Codec::kPlain);
  packer.pack(header, content, payload);
  const std::vector<uint8_t> exact(payload.begin(), payload.end());
  require(unpacker.unpack(header, exact, again), "a packed segment can be unpacked");
  require(std::equal(content.begin(), content.end(), again.begin(), again.end()), "to the same bytes");
}

// The first two bytes give the content size that the header claims.
void unpack(std::span<const uint8_t> payload) {
  static analyzer::SegmentUnpacker unpacker;
  if (payload.size() < 2) return;
  std::vector<uint8_t> content;
  for (const Codec codec : {Codec::kPlain, Codec::kZstd, Codec::kColumns}) {
    SegmentHeader header = header_of(SegmentKind::kEvents, codec);
    header.content_bytes = (payload[0] | uint32_t{payload[1]} << 8) * 5;
    const bool whole = unpacker.unpack(header, payload.subspan(2), content);
    require(!whole || content.size() == header.content_bytes, "content has the size that it claims");
    require(content.size() <= std::max<size_t>(header.content_bytes, payload.size()), "and no more");
  }
}

// Columns without zstd, because a fuzzer does not make zstd frames. The first bytes say how the input is split.
void unpack_columns(std::span<const uint8_t> input) {
  static analyzer::ColumnReader reader;
  if (input.size() < analyzer::kColumns) return;
  analyzer::Columns columns;
  std::span<const uint8_t> rest = input.subspan(analyzer::kColumns);
  for (size_t i = 0; i < analyzer::kColumns; ++i) {
    const size_t size = std::min<size_t>(input[i] * rest.size() / 255, rest.size());
    columns[i] = {reinterpret_cast<const char*>(rest.data()), size};
    rest = rest.subspan(size);
  }
  std::vector<uint8_t> content;
  constexpr size_t kContentBytes = 10'000;
  reader.begin(columns, 1000);
  analyzer::unpack_columns(reader, kContentBytes, content);
  require(content.size() <= kContentBytes, "columns make no more than they should");
}

}  // namespace
}  // namespace cistern::fuzz

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cistern::fuzz;
  // A copy of exact size, so that a sanitizer notices a read past its end.
  const std::vector<uint8_t> bytes(data, data + size);
  decode_events(bytes.data(), bytes.data() + size);
  decode_blocks(bytes.data(), bytes.data() + size);
  decode_records(bytes.data(), bytes.data() + size);
  pack(bytes);
  unpack(bytes);
  unpack_columns(bytes);
  return 0;
}
