// Converts an image's times (shifted ticks of its clock) to nanoseconds and back. Interpolates between two clock pairs,
// and uses the rate of the nearest two outside of them. With fewer than two pairs, uses the header's estimate of the
// rate.
#pragma once

#include <cstdint>
#include <vector>

#include "cistern/format/moment_records.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

class ProfileClock {
 public:
  ProfileClock() = default;
  // Requires: pairs are in order of time. Pairs that contradict earlier ones are ignored.
  ProfileClock(const ProfileHeader& header, const std::vector<ClockPairRecord>& pairs);

  // Nanoseconds since the beginning of the recording; negative before it.
  int64_t since_start_ns(uint64_t time) const noexcept;
  // The time that is this many nanoseconds after the beginning of the recording.
  uint64_t time_at(int64_t since_start_ns) const noexcept;
  // Ticks of `ns` nanoseconds, at least 1.
  uint64_t ticks_of_ns(uint64_t ns) const noexcept;

  // CLOCK_MONOTONIC and CLOCK_REALTIME at the beginning of the recording. CLOCK_MONOTONIC is 0 without clock pairs.
  int64_t start_monotonic_ns() const noexcept { return start_monotonic_ns_; }
  int64_t start_unix_ns() const noexcept { return start_unix_ns_; }

 private:
  struct Anchor {
    uint64_t time = 0;
    int64_t ns = 0;
    double ns_per_tick = 1;  // from here on
  };
  const Anchor& anchor_before(uint64_t time) const noexcept;

  std::vector<Anchor> anchors_{Anchor{}};
  int64_t start_ns_ = 0;
  int64_t start_monotonic_ns_ = 0;
  int64_t start_unix_ns_ = 0;
};

}  // namespace cistern::analyzer
