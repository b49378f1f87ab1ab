// What every report knows about an image: what ran, how it ended, and what its profile lacks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/end_state.h"
#include "analyzer/model/sites.h"
#include "analyzer/read/image.h"

namespace cistern::analyzer {

// Recording stopped for good before the image ended.
struct RecordingStop {
  uint64_t after_ns = 0;  // since the image's start
  StopReason reason = StopReason::kOther;
  uint64_t error = 0;                // errno value
  std::optional<uint64_t> ended_ns;  // since the image's start
  uint64_t resident_bytes = 0;       // of the process when recording stopped; 0: not known
  uint64_t peak_resident_bytes = 0;  // greatest of the process until its end; 0: not known
  uint64_t events = 0;               // that were counted after it; there may have been many more
  std::string limit;                 // the option max-size as it was given; empty: the default
};

// "size limit", "no space", …: of a stop.
std::string_view name_of(StopReason reason);

struct ImageFacts {
  std::string path;
  uint32_t pid = 0;
  std::optional<uint32_t> parent_pid;
  std::vector<std::string> arguments;
  bool without_proc = false;   // /proc was not readable: `arguments` is the executable alone
  std::string implementation;  // "CPython", empty when no interpreter was seen
  std::string python;          // its version, "3.11.2"
  bool python_stacks = false;
  std::string python_stacks_reason;  // why they are off
  uint64_t start_unix_ns = 0;
  uint64_t duration_ns = 0;
  std::string ended_by;  // "exit", "_exit", "signal N", "exec", "unknown"
  std::optional<int64_t> exit_code;
  Liveness liveness = Liveness::kUnknown;  // whether the process runs still

  uint64_t events = 0;
  uint64_t snapshot_events = 0;  // of `events`: those that a snapshot replaces
  uint64_t lost_events = 0;
  uint64_t lost_segments = 0;
  uint64_t unreadable_bytes = 0;
  uint64_t unreadable_at = 0;
  std::string unreadable_reason;
  uint64_t file_bytes = 0;
  bool window_missing = false;
  bool late_install = false;
  bool paused = false;  // the program stopped recording for a while, or started it late
  std::optional<RecordingStop> stop;
  std::vector<MissingImage> missing_images;  // that it started; `time` is in nanoseconds since the image's start
  uint64_t unnoted_children = 0;             // processes that could not note what became of them
  uint64_t overwritten_segments = 0;
  std::optional<uint64_t> epoch_begin_ns;  // since the image's start: older events were overwritten

  Amount peak;
  uint64_t peak_ns = 0;  // since the image's start
  Amount end;
  uint64_t end_ns = 0;
  EndStateKind end_kind = EndStateKind::kStreamEnd;

  // Whether nothing is missing that a verdict needs.
  bool complete() const noexcept {
    return lost_events == 0 && lost_segments == 0 && unreadable_bytes == 0 && !window_missing && !late_install &&
           !paused && !stop && missing_images.empty() && unnoted_children == 0 && !epoch_begin_ns;
  }
};

// Facts from the records; figures that need a replay are 0.
ImageFacts facts_from_records(const Image& image);

bool all_complete(const std::vector<ImageFacts>& images);

// The name that a person would use: the script, "-m module", or the program.
std::string program_name(const std::vector<std::string>& arguments);

// The time of the last event or record of `image`, given the time of its last event.
uint64_t last_moment(const Image& image, uint64_t last_event_time);

}  // namespace cistern::analyzer
