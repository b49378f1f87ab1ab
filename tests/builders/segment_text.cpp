#include "tests/builders/segment_text.h"

#include <cstring>

#include "cistern/format/checksum.h"
#include "tests/builders/event_text.h"
#include "tests/builders/record_as_text.h"

namespace cistern {
namespace {

class Fields {
 public:
  Fields& add(const char* name, uint64_t value) { return add(name, std::to_string(value)); }
  Fields& add(const char* name, const std::string& value) {
    text_ += (text_.empty() ? "" : " ") + std::string(name) + "=" + value;
    return *this;
  }
  std::string line() const { return text_ + "\n"; }

 private:
  std::string text_;
};

std::string identity_text(const ImageIdentity& image) {
  return std::to_string(image.pid) + "/" + std::to_string(image.start_ticks) + "/" + std::to_string(image.number);
}

}  // namespace

std::string events_text(const uint8_t* begin, const uint8_t* end, uint64_t first_time) {
  std::string text;
  EventDecoder decoder(begin, end, first_time);
  for (Event event; decoder.next(event);) text += text_of(event) + "\n";
  if (!decoder.ok()) text += "malformed at " + std::to_string(decoder.offset()) + "\n";
  return text;
}

std::string records_text(std::string_view payload) {
  std::string text;
  Cursor in(payload);
  for (RawRecord record; next_record(in, record);) text += text_of(record) + "\n";
  if (!in.ok()) text += "malformed at " + std::to_string(in.offset()) + "\n";
  return text;
}

std::string header_text(std::string_view bytes) {
  ProfileHeader header;
  if (bytes.size() < sizeof header) return "a header cut off at " + std::to_string(bytes.size()) + "\n";
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, kProfileMagic, sizeof header.magic) != 0) return "no profile\n";
  Fields fields;
  fields.add("major", header.major).add("minor", header.minor).add("role", static_cast<uint16_t>(header.role));
  fields.add("machine", header.machine).add("header_bytes", header.header_bytes);
  fields.add("clock", static_cast<uint16_t>(header.clock)).add("time_shift", header.time_shift);
  fields.add("clock_hz", header.clock_hz).add("first_time", header.first_time);
  fields.add("image", identity_text(header.image)).add("start_unix_ns", header.image.start_unix_ns);
  fields.add("parent", identity_text(header.parent)).add("generation", header.generation);
  fields.add("domains", header.domains);
  return fields.line() + (header.checksum == checksum_of(header) ? "" : "wrong header checksum\n");
}

std::string segment_header_text(const SegmentHeader& header) {
  Fields fields;
  fields.add("kind", static_cast<uint8_t>(header.kind)).add("codec", static_cast<uint8_t>(header.codec));
  fields.add("generation", header.generation).add("stream", header.stream_id).add("sequence", header.sequence);
  fields.add("first_time", header.first_time).add("last_time", header.last_time);
  fields.add("event_count", header.event_count).add("payload_bytes", header.payload_bytes);
  fields.add("content_bytes", header.content_bytes).add("tid", header.tid).add("pid", header.pid);
  return fields.line();
}

std::string segment_text(std::string_view bytes) {
  SegmentHeader header;
  if (bytes.size() < sizeof header) return "a segment cut off at " + std::to_string(bytes.size()) + "\n";
  std::memcpy(&header, bytes.data(), sizeof header);
  if (header.magic != kSegmentMagic) return "no segment\n";
  if (bytes.size() < uint64_t{header.header_bytes} + header.payload_bytes) return "a segment cut off in its payload\n";
  const char* const payload = bytes.data() + header.header_bytes;
  std::string text = segment_header_text(header);
  if (header.checksum != checksum_of(header, payload)) return text + "wrong checksum\n";
  const std::string_view content(payload, header.payload_bytes);
  const auto* const begin = reinterpret_cast<const uint8_t*>(payload);
  if (header.codec != Codec::kPlain) return text + "an unknown codec\n";
  if (header.kind == SegmentKind::kRecords || header.kind == SegmentKind::kSnapshot)
    return text + records_text(content);
  if (header.kind == SegmentKind::kEvents) return text + events_text(begin, begin + content.size(), header.first_time);
  return text + "an unknown kind\n";
}

}  // namespace cistern
