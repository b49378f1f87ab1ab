// One recorded process image: its files, their segments, and all records. Events are not decoded here: EventStream
// (event_stream.h) decodes them each time. Can be moved, not copied.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/read/definitions.h"
#include "analyzer/read/file_bytes.h"
#include "analyzer/read/found_segment.h"
#include "analyzer/read/image_liveness.h"
#include "analyzer/read/process_events.h"
#include "analyzer/read/profile_clock.h"
#include "analyzer/read/snapshot.h"
#include "analyzer/read/window_file.h"

namespace cistern::analyzer {

// What could not be read. `unreadable_bytes` were written but cannot be read.
struct Damage {
  uint64_t unreadable_bytes = 0;
  uint64_t unreadable_at = 0;     // file offset of the first unreadable byte
  std::string unreadable_reason;  // why it cannot be read
  uint64_t hole_bytes = 0;        // reserved, but neither written nor in the window
  uint64_t lost_segments = 0;
  uint64_t undecodable_segments = 0;  // with a codec that this version does not know
  uint64_t malformed_records = 0;
  bool header = false;
  bool window_missing = false;  // the image did not end normally, and what its threads had not written yet is lost

  void add_unreadable(uint64_t bytes, uint64_t offset, const std::string& reason);
};

// A process that has no profile, although it should have one.
struct MissingImage {
  enum class Kind : uint8_t {
    kForked,        // at `time`; there is no sign of it
    kExecuted,      // it executed `path` at `time`; there is no sign of it
    kNotPreloaded,  // the same, but the recorder was removed from its environment
    kNotRecorded,   // it was forked, and its image could not begin: `error`
    kParent,        // it started the image
    kUnreadable,    // `path`: a file that cannot be read, and why
  };
  Kind kind = Kind::kForked;
  uint32_t pid = 0;
  uint64_t time = 0;  // in the image's ticks; 0: not known
  std::string path;
  std::string command;
  int error = 0;  // errno value
};

// The event segments of one thread, in order of sequence.
struct StreamSegments {
  StreamId stream_id{};
  std::vector<FoundSegment> segments;
};

struct Image {
  std::string path;  // of the profile; of the window if there is no profile
  ProfileHeader header{};
  Liveness liveness = Liveness::kUnknown;  // when it was read
  uint64_t file_bytes = 0;
  bool has_window = false;
  std::vector<FoundSegment> record_segments;  // in order of stream and sequence
  std::vector<StreamSegments> streams;        // with events
  Definitions definitions;
  ProcessEvents process_events;
  ProfileClock clock;
  Damage damage;
  std::vector<MissingImage> missing_images;  // that this image, or its process, started
  uint64_t event_payload_bytes = 0;
  // Begin of the first epoch. Older events and marks were overwritten, at least in part, and are ignored. 0: nothing
  // was overwritten.
  uint64_t epoch_begin = 0;
  // The snapshot in place of earlier events; null: all events are here.
  std::unique_ptr<const Snapshot> snapshot;
  std::vector<FoundSegment> segments;  // all except the snapshot's, as they lie in the files, in order of their keys

  FileBytes file;
  FileBytes packed;                                    // segments that `cistern run` has moved out of the profile
  std::vector<std::vector<uint8_t>> unpacked_records;  // content of packed record segments
  std::optional<WindowFile> window;

  // See FileBytes.
  void forget(std::span<const uint8_t> part) const noexcept {
    file.forget(part);
    packed.forget(part);
  }
  bool overwritten() const noexcept { return epoch_begin != 0; }
  // Events before this time are in the snapshot; 0: there is none.
  uint64_t begin_time() const noexcept { return snapshot != nullptr ? snapshot->time() : 0; }
  bool has_parent() const noexcept { return header.parent.pid != 0; }
  // Whether the image was forked from a recorded image: then it may free blocks that its parent allocated.
  bool is_forked() const noexcept { return has_parent() && header.parent.pid != header.image.pid; }
};

// The files of an image. At least one of `profile` and `window` is set. `packed` need not exist: it is opened after the
// profile, because `cistern run` may create it at any time.
struct ImageFiles {
  std::string profile;
  std::string window;
  std::string packed;
};

// Reads an image. Errors: Failure, exit code 3, if nothing can be read. Damage is no error.
Image read_image(const ImageFiles& files);

}  // namespace cistern::analyzer
