// Reduces the profile file of one running process: what packing_thread.h calls again and again.
#pragma once

#include <cstdint>

namespace cistern::analyzer {

class LivePacker {
 public:
  virtual ~LivePacker() = default;
  // Handles the segments that the process has appended since the last call, up to some MiB of them. Returns how many
  // bytes of the profile file they take; 0: there were none. Errors: Failure; the profile is then left as it is.
  virtual uint64_t pack_new_segments() = 0;
  // Whether the process has finalized its window or has ended: collect() does the rest.
  virtual bool ended() const = 0;
  // Others may pack the profile from now on. The last call.
  virtual void unlock() = 0;
};

}  // namespace cistern::analyzer
