#include "tests/builders/file_text.h"

#include <algorithm>
#include <cstring>

#include "cistern/format/profile_header.h"
#include "cistern/format/window_layout.h"
#include "tests/builders/segment_text.h"

namespace cistern {
namespace {

template <typename T>
T read_at(std::string_view file, uint64_t offset) {
  T value{};
  if (offset + sizeof value <= file.size()) std::memcpy(&value, file.data() + offset, sizeof value);
  return value;
}

bool begins_segment(std::string_view file, uint64_t offset) {
  return read_at<uint32_t>(file, offset) == kSegmentMagic;
}

// The bytes that a segment takes, complete or truncated.
uint64_t extent(std::string_view file, uint64_t offset) {
  const auto header = read_at<SegmentHeader>(file, offset);
  const uint64_t bytes = uint64_t{header.header_bytes} + header.payload_bytes;
  return (bytes + kSegmentAlignment - 1) / kSegmentAlignment * kSegmentAlignment;
}

std::string segments_text(std::string_view file) {
  std::string text;
  uint64_t gap = 0;
  for (uint64_t at = read_at<ProfileHeader>(file, 0).header_bytes; at < file.size();) {
    if (!begins_segment(file, at)) {
      gap += std::min<uint64_t>(kSegmentAlignment, file.size() - at);
      at += kSegmentAlignment;
      continue;
    }
    if (gap != 0) text += "\n" + std::to_string(gap) + " bytes without a segment\n";
    gap = 0;
    text += "\nsegment at " + std::to_string(at) + "\n" + segment_text(file.substr(at));
    at += extent(file, at);
  }
  return gap == 0 ? text : text + "\n" + std::to_string(gap) + " bytes without a segment\n";
}

std::string slot_text(std::string_view file, uint64_t offset) {
  const auto control = read_at<SlotControl>(file, offset);
  std::string text = " state=" + std::to_string(control.state) + " published=" + std::to_string(control.published) +
                     " capacity=" + std::to_string(control.capacity) + " tid=" + std::to_string(control.tid) +
                     " thread_start_ticks=" + std::to_string(control.thread_start_ticks) + "\n";
  const uint64_t segment_at = offset + sizeof control;
  const auto state = static_cast<SlotState>(control.state);
  if (state == SlotState::kSealed) return text + segment_text(file.substr(segment_at));
  if (state != SlotState::kOwned) return text;
  const auto header = read_at<SegmentHeader>(file, segment_at);
  const std::string_view payload = file.substr(segment_at + header.header_bytes, control.published);
  const auto* const begin = reinterpret_cast<const uint8_t*>(payload.data());
  text += segment_header_text(header);
  return text + (header.kind == SegmentKind::kRecords ? records_text(payload)
                                                      : events_text(begin, begin + payload.size(), header.first_time));
}

std::string window_text(std::string_view file) {
  const auto control = read_at<WindowControl>(file, kWindowControlOffset);
  std::string text = "\nfile_end=" + std::to_string(control.file_end) + " slots=" + std::to_string(control.slots) +
                     " slot_bytes=" + std::to_string(control.slot_bytes) + " counters=";
  for (const uint64_t counter : control.counters) text += std::to_string(counter) + ",";
  const Mailbox& mailbox = control.mailbox;
  text += "\nrequest=" + std::to_string(mailbox.request) + " done=" + std::to_string(mailbox.done) +
          " command=" + std::to_string(mailbox.command) + " result=" + std::to_string(mailbox.result) +
          " name=" + std::string(mailbox.name, strnlen(mailbox.name, sizeof mailbox.name)) + "\n";
  for (uint32_t i = 0; i < control.slots; ++i) {
    text += "\nslot " + std::to_string(i) + slot_text(file, kWindowSlotsOffset + i * kSlotStride);
  }
  return text;
}

}  // namespace

std::string file_text(std::string_view file) {
  const std::string header = header_text(file);
  const bool window = read_at<ProfileHeader>(file, 0).role == FileRole::kWindow;
  return header + (window ? window_text(file) : segments_text(file));
}

}  // namespace cistern
