// One process image as it was recorded: its files, the segments found in them, and everything but its events, parsed.
// Events are decoded by EventStream (event_stream.h), each time somebody asks. Moves, does not copy.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/read/definitions.h"
#include "analyzer/read/file_bytes.h"
#include "analyzer/read/found_segment.h"
#include "analyzer/read/process_events.h"
#include "analyzer/read/profile_clock.h"
#include "analyzer/read/snapshot.h"
#include "analyzer/read/window_file.h"

namespace cistern::analyzer {

// What could not be read. `unreadable_bytes` are bytes that were written and are unreadable.
struct Damage {
  uint64_t unreadable_bytes = 0;
  uint64_t unreadable_at = 0;     // file offset of the first of them
  std::string unreadable_reason;  // of the first
  uint64_t hole_bytes = 0;        // reserved, never written, and not in the window either
  uint64_t lost_segments = 0;
  uint64_t undecodable_segments = 0;  // of a codec that this version does not know
  uint64_t malformed_records = 0;
  bool header = false;
  bool window_missing = false;  // it did not end in order, and what its threads had not yet written out is not here

  void tear(uint64_t bytes, uint64_t offset, const std::string& reason);
};

// The event segments of one thread, in order of sequence.
struct StreamSegments {
  StreamId stream_id{};
  std::vector<FoundSegment> segments;
};

struct Image {
  std::string path;  // of the profile file; of the window when there is no profile file
  ProfileHeader header{};
  uint64_t file_bytes = 0;
  bool has_window = false;
  std::vector<FoundSegment> record_segments;  // in order of stream and sequence
  std::vector<StreamSegments> streams;        // of events
  Definitions definitions;
  ProcessEvents process_events;
  ProfileClock clock;
  Damage damage;
  uint64_t event_payload_bytes = 0;
  // What is older was overwritten, whole or in part, and is left out: a block from before is not known. 0: all is here.
  uint64_t epoch_begin = 0;
  // What came before the events that are here, where totals stand in their place; null: all events are here.
  std::unique_ptr<const Snapshot> snapshot;
  std::vector<FoundSegment> segments;  // all but the snapshot's, as they lie in the files, in order of their keys

  FileBytes file;
  FileBytes packed;  // what `cistern run` has taken out of the profile file, while it does
  std::vector<std::vector<uint8_t>> unpacked_records;  // content of packed record segments
  std::optional<WindowFile> window;

  // See FileBytes.
  void forget(std::span<const uint8_t> part) const noexcept {
    file.forget(part);
    packed.forget(part);
  }
  bool overwritten() const noexcept { return epoch_begin != 0; }
  // Events from then on are here.
  uint64_t begin_time() const noexcept { return snapshot != nullptr ? snapshot->time() : 0; }
  bool has_parent() const noexcept { return header.parent.pid != 0; }
  // Forked from a recorded image and still running its program: it may free what its parent allocated.
  bool is_forked() const noexcept { return has_parent() && header.parent.pid != header.image.pid; }
};

// Where an image's data lies. At least one of the first two is set. There need not be a packed file at its path: it is
// looked for when the profile file is open, for `cistern run` may have begun one meanwhile.
struct ImageFiles {
  std::string profile;
  std::string window;
  std::string packed;
};

// Reads an image. Errors: Failure, exit code 3, when there is nothing to read in it; damage is no error.
Image read_image(const ImageFiles& files);

}  // namespace cistern::analyzer
