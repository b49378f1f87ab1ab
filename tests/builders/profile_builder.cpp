#include "tests/builders/profile_builder.h"

#include <cstring>

namespace cistern {
namespace {

template <typename T>
std::string bytes_of(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string header_page(ProfileHeader header) {
  header.checksum = checksum_of(header);
  std::string page = bytes_of(header);
  page.resize(header.header_bytes);
  return page;
}

}  // namespace

SegmentBuilder::SegmentBuilder(StreamId stream_id, uint32_t tid, uint64_t sequence, uint64_t first_time) {
  header = new_segment_header(tid == 0 ? SegmentKind::kRecords : SegmentKind::kEvents, stream_id, sequence, first_time);
  header.tid = tid;
  header.pid = 4711;
  state_.time = first_time;
}

SegmentBuilder& SegmentBuilder::record_bytes(RecordType type, std::string_view payload) {
  uint8_t frame[2 * kMaxVarintBytes];
  payload_.append(frame, put_varint(put_varint(frame, static_cast<uint32_t>(type)), payload.size()));
  payload_ += payload;
  return *this;
}

SegmentBuilder& SegmentBuilder::event(const Event& event) {
  uint8_t buffer[kMaxEventBytes];
  payload_.append(buffer, encode_event(buffer, state_, event));
  header.last_time = state_.time;
  ++header.event_count;
  return *this;
}

SegmentBuilder& SegmentBuilder::bytes(std::string_view raw_bytes) {
  payload_ += raw_bytes;
  return *this;
}

std::string SegmentBuilder::sealed(std::string_view more_header) const {
  SegmentHeader complete = header;
  complete.header_bytes = static_cast<uint16_t>(sizeof header + more_header.size());
  complete.payload_bytes = complete.content_bytes = published();
  complete.checksum = checksum_of(complete, payload_.data());
  return bytes_of(complete) + std::string(more_header) + payload_;
}

std::string SegmentBuilder::owned() const {
  SegmentHeader begun = header;
  begun.last_time = begun.event_count = 0;
  return bytes_of(begun) + payload_;
}

ProfileHeader golden_header(FileRole role) {
  ProfileHeader header{};
  std::memcpy(header.magic, kProfileMagic, sizeof header.magic);
  header.major = kFormatMajor;
  header.minor = kFormatMinor;
  header.role = role;
  header.machine = 62;
  header.header_bytes = kProfileHeaderBytes;
  header.clock = ClockKind::kMonotonic;
  header.clock_hz = 1'000'000'000;
  header.first_time = 1'000'000'000;
  header.image = {12'345, 1'600'000'000'000'000'000, 4711, 1};
  header.domains = kAllDomains;
  return header;
}

ProfileBuilder::ProfileBuilder(ProfileHeader header) : file(header_page(header)) {}

ProfileBuilder& ProfileBuilder::bytes(std::string_view raw_bytes) {
  file += raw_bytes;
  file.resize((file.size() + kSegmentAlignment - 1) / kSegmentAlignment * kSegmentAlignment);
  return *this;
}

WindowBuilder::WindowBuilder(ProfileHeader header) : header_(header) {
  control.slot_bytes = kSlotStride;
}

WindowBuilder& WindowBuilder::slot(SlotState state, const SegmentBuilder& segment) {
  SlotControl slot_control{};
  slot_control.state = static_cast<uint32_t>(state);
  slot_control.published = segment.published();
  slot_control.capacity = 8 * 1024 - kSlotOverheadBytes;
  slot_control.tid = segment.header.tid;
  slot_control.thread_start_ticks = segment.header.tid == 0 ? 0 : 12'350;
  slots_.resize(control.slots++ * kSlotStride);
  slots_ += bytes_of(slot_control) + (state == SlotState::kOwned ? segment.owned() : segment.sealed());
  return *this;
}

std::string WindowBuilder::finish() const {
  std::string file = header_page(header_) + bytes_of(control);
  file.resize(kWindowSlotsOffset);
  return file + slots_;
}

}  // namespace cistern
