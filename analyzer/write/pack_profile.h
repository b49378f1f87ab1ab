// `cistern pack`: makes a profile and the profiles of its child processes smaller, in place or as a copy.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/model/progress.h"

namespace cistern::analyzer {

enum class PackMode : uint8_t {
  kPack,      // without loss
  kUnpack,    // the inverse
  kSnapshot,  // a snapshot replaces the events: see snapshot_file.h
};

struct PackedProfile {
  std::string path;  // of the profile that was written
  uint64_t before_bytes = 0;
  uint64_t after_bytes = 0;
};

// Packs the profile `path` with all its images, windows included. `output`: the copy to pack instead; empty: in place.
// Reports progress in bytes of the profile.
// Errors: Failure, exit code 3, when a process still writes to the profile or it is damaged: it is then unchanged.
PackedProfile pack_profile(const std::string& path, const std::string& output, PackMode mode, Progress& progress);

}  // namespace cistern::analyzer
