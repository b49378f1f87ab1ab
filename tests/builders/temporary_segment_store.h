// A SegmentStore with its files in a directory of its own, and a reader of what was written to them.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "cistern/format/checksum.h"
#include "cistern/format/definition_records.h"
#include "cistern/format/moment_records.h"
#include "cistern/format/window_layout.h"
#include "preload/ring/record_stream.h"

namespace cistern::preload {

struct StoredSegment {
  SegmentHeader header;
  std::string payload;
};

class TemporarySegmentStore {
 public:
  explicit TemporarySegmentStore(uint64_t max_bytes = uint64_t{1} << 40, bool overwrite = false) {
    char name[] = "/tmp/cistern-segments-XXXXXX";
    directory_ = mkdtemp(name);
    header_.header_bytes = kProfileHeaderBytes;
    PathText window, profile;
    window.add(window_path());
    profile.add(profile_path());
    EXPECT_EQ(segments->window.open(window, header_), 0);
    EXPECT_EQ(segments->output.create(profile, header_, false), 0);
    segments->output.attach(segments->window.control(), max_bytes, overwrite);
  }
  ~TemporarySegmentStore() { std::filesystem::remove_all(directory_); }

  std::string window_path() const { return directory_ + "/window"; }
  std::string profile_path() const { return directory_ + "/profile"; }

  static std::string contents(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  // The segments in the profile file, in its order; each one's checksum is verified.
  std::vector<StoredSegment> stored() const {
    const std::string bytes = contents(profile_path());
    std::vector<StoredSegment> found;
    size_t at = kProfileHeaderBytes;
    while (at + sizeof(SegmentHeader) <= bytes.size()) {
      SegmentHeader header;
      std::memcpy(&header, bytes.data() + at, sizeof header);
      if (header.magic != kSegmentMagic) {
        at += kSegmentAlignment;
        continue;
      }
      EXPECT_EQ(header.checksum, checksum_of(header, bytes.data() + at + sizeof header));
      found.push_back({header, bytes.substr(at + sizeof header, header.payload_bytes)});
      at += place_bytes(header);
    }
    return found;
  }

  // What a reader finds in a slot of the window.
  StoredSegment in_window(uint32_t slot) const {
    const std::string bytes = contents(window_path());
    const char* const at = bytes.data() + kWindowSlotsOffset + slot * kSlotStride;
    SlotControl control;
    StoredSegment segment;
    std::memcpy(&control, at, sizeof control);
    std::memcpy(&segment.header, at + sizeof control, sizeof segment.header);
    segment.payload.assign(at + kSlotOverheadBytes, control.published);
    return segment;
  }

  // All records of the profile file, payloads by type, in order.
  std::vector<std::pair<RecordType, std::string>> records() const {
    std::vector<std::pair<RecordType, std::string>> found;
    for (const StoredSegment& segment : stored()) {
      if (segment.header.kind != SegmentKind::kRecords) continue;
      Cursor in(segment.payload);
      RawRecord record;
      while (next_record(in, record)) found.emplace_back(record.type, std::string(record.payload));
      EXPECT_TRUE(in.ok());
    }
    return found;
  }
  template <typename Record>
  static Record parse(const std::string& payload) {
    Cursor in(payload);
    Record record;
    EXPECT_TRUE(get_fields(in, record));
    return record;
  }

  std::unique_ptr<SegmentStore> segments = std::make_unique<SegmentStore>();

 private:
  std::string directory_;
  ProfileHeader header_{};
};

}  // namespace cistern::preload
