// A profile and the window beside it whose segments a test can change byte by byte before they are written: for tests
// of files that a killed recorder left behind, and for the library that stands for the recorder in tests of `cistern
// run`. Built on profile_builder.h.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "cistern/format/checksum.h"
#include "cistern/format/event.h"
#include "cistern/format/image_records.h"
#include "cistern/format/moment_records.h"
#include "cistern/format/profile_header.h"
#include "cistern/format/record.h"
#include "cistern/format/window_layout.h"
#include "tests/builders/profile_builder.h"

namespace cistern::hand_made {

// A segment in a profile or in a slot.
struct Piece {
  SegmentHeader header{};
  std::string payload;
  SlotState state = SlotState::kOwned;  // in a window

  std::string bytes() const { return std::string(reinterpret_cast<const char*>(&header), sizeof header) + payload; }
};

inline ProfileHeader header_of(FileRole role, uint32_t pid, uint64_t start_ticks, uint32_t number = 1) {
  ProfileHeader header = golden_header(role);
  header.first_time = 100;
  header.image = {start_ticks, 1'700'000'000'000'000'000, pid, number};
  header.checksum = checksum_of(header);
  return header;
}

inline Piece piece_of(SegmentKind kind, uint32_t stream_id, uint64_t sequence, uint32_t pid, std::string payload) {
  Piece piece;
  piece.header = new_segment_header(kind, StreamId{stream_id}, sequence, 1000 * (sequence + 1));
  piece.header.last_time = 0;
  piece.header.pid = pid;
  piece.header.tid = stream_id == 0 ? 0 : pid;
  piece.payload = std::move(payload);
  return piece;
}

inline void seal(Piece& piece, uint64_t events, uint64_t last_time) {
  piece.state = SlotState::kSealed;
  piece.header.event_count = events;
  piece.header.last_time = last_time;
  piece.header.payload_bytes = piece.header.content_bytes = static_cast<uint32_t>(piece.payload.size());
  piece.header.checksum = checksum_of(piece.header, piece.payload.data());
}

// `count` allocations of 24 bytes by one thread, ten time units apart. Returns the unsealed segment; its last event
// is at first_time + 10 * count.
inline Piece events(uint32_t stream_id, uint64_t sequence, uint32_t pid, uint64_t count) {
  Piece piece = piece_of(SegmentKind::kEvents, stream_id, sequence, pid, {});
  EventState state;
  state.time = piece.header.first_time;
  for (uint64_t i = 1; i <= count; ++i) {
    uint8_t bytes[kMaxEventBytes];
    const uint64_t address = (uint64_t{stream_id} << 40) + (sequence << 32) + i * 32;
    const uint8_t* const end =
        encode_alloc(bytes, state, Domain::kMalloc, piece.header.first_time + 10 * i, address, 24, StackId{});
    piece.payload.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(end - bytes));
  }
  return piece;
}

inline Piece sealed_events(uint32_t stream_id, uint64_t sequence, uint32_t pid, uint64_t count) {
  Piece piece = events(stream_id, sequence, pid, count);
  seal(piece, count, piece.header.first_time + 10 * count);
  return piece;
}

inline Piece records(uint64_t sequence, uint32_t pid, const std::string& payload) {
  return piece_of(SegmentKind::kRecords, 0, sequence, pid, payload);
}

inline void put_at(std::string& file, uint64_t offset, const std::string& bytes) {
  if (file.size() < offset + bytes.size()) file.resize(offset + bytes.size());
  file.replace(offset, bytes.size(), bytes);
}

template <typename Struct>
void put_struct(std::string& file, uint64_t offset, const Struct& value) {
  put_at(file, offset, std::string(reinterpret_cast<const char*>(&value), sizeof value));
}

inline uint64_t aligned(uint64_t offset) {
  return (offset + kSegmentAlignment - 1) & ~uint64_t{kSegmentAlignment - 1};
}

// The bytes of a profile file with these segments, one after another.
inline std::string profile_file(const ProfileHeader& header, const std::vector<Piece>& pieces) {
  std::string file;
  put_struct(file, 0, header);
  file.resize(kProfileHeaderBytes);
  for (const Piece& piece : pieces) put_at(file, aligned(file.size()), piece.bytes());
  return file;
}

inline std::string window_file(const ProfileHeader& header, const std::vector<Piece>& pieces,
                               const WindowControl& given = {}) {
  std::string file;
  put_struct(file, 0, header);
  WindowControl control = given;
  control.slots = static_cast<uint32_t>(pieces.size());
  control.slot_bytes = static_cast<uint32_t>(kSlotStride);
  put_struct(file, kWindowControlOffset, control);
  for (size_t i = 0; i < pieces.size(); ++i) {
    SlotControl slot{};
    slot.state = static_cast<uint32_t>(pieces[i].state);
    slot.published = static_cast<uint32_t>(pieces[i].payload.size());
    slot.capacity = kMaxPayloadBytes;
    const uint64_t at = kWindowSlotsOffset + i * kSlotStride;
    put_struct(file, at, slot);
    put_at(file, at + sizeof slot, pieces[i].bytes());
  }
  return file;
}

inline void save(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string load(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Field 22 of /proc/self/stat.
inline uint64_t own_start_ticks() {
  std::ifstream file("/proc/self/stat");
  std::string text;
  std::getline(file, text);
  text.erase(0, text.rfind(')') + 2);
  for (int field = 3; field < 22; ++field) text.erase(0, text.find(' ') + 1);
  return std::stoull(text);
}

// The path of the window of an image of `profile`. Makes the directory.
inline std::string window_path(const std::string& profile, const ImageIdentity& image) {
  const std::string directory = profile + ".d";
  mkdir(directory.c_str(), 0700);
  return directory + "/" + std::to_string(image.pid) + "-" + std::to_string(image.start_ticks) + "-" +
         std::to_string(image.number) + ".window";
}

}  // namespace cistern::hand_made
