// What a profile lacks, and so why its figures are incomplete or need care. Text: render/layout/heading.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/image_facts.h"

namespace cistern::analyzer {

struct MissingData {
  enum class Kind : uint8_t {
    // Of all images together.
    kLostEvents,       // `number` events were not recorded
    kLostSegments,     // `number` segments are not in the file
    kUnreadableBytes,  // `number` bytes of the files
    // Of one image.
    kPythonStacks,  // Python stacks are off; `text`: the reason
    kProc,          // the process could not read /proc
    kLateInstall,   // Python code ran before the hooks were installed
    kWindow,        // the process was killed, and its window file is gone
    kOverwritten,   // events before `from_ns` were overwritten; those of the last `number` nanoseconds are left
    kPaused,        // recording was stopped for a while
    kStopped,       // recording stopped at `from_ns` for good; see `stop`
    kImage,         // a process that this one started has no profile; see `image`
    kChildren,      // `number` children could not note what became of them
    // Of a check that cannot be judged.
    kLeaksWithoutStacks,  // an image has no Python stacks, so its leaks are unknown
    kKindsOfLeaks,        // the kinds in `text` are unknown
  };
  Kind kind = Kind::kLostEvents;
  uint32_t pid = 0;  // of the image
  uint64_t number = 0;
  uint64_t from_ns = 0;  // since the image's start
  std::string text;
  std::optional<RecordingStop> stop = std::nullopt;
  std::optional<MissingImage> image = std::nullopt;
};

// Most important first; empty when the profile is complete.
std::vector<MissingData> missing_data(const std::vector<ImageFacts>& images);
// Of these: those without which a verdict cannot be trusted, and the others.
std::vector<MissingData> incompleteness(const std::vector<ImageFacts>& images);
std::vector<MissingData> remarks(const std::vector<ImageFacts>& images);

}  // namespace cistern::analyzer
