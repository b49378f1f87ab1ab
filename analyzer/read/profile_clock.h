// From an image's time (ticks of its clock, shifted) to nanoseconds and back. Between two clock pairs times are
// interpolated, outside them the nearest rate goes on; with fewer than two pairs the header's estimate serves.
#pragma once

#include <cstdint>
#include <vector>

#include "cistern/format/moment_records.h"
#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

class ProfileClock {
 public:
  ProfileClock() = default;
  // Pairs in order of time; those that contradict their predecessors are left out.
  ProfileClock(const ProfileHeader& header, const std::vector<ClockPairRecord>& pairs);

  // Nanoseconds since the image began to record; negative for times before.
  int64_t since_start_ns(uint64_t time) const noexcept;
  // The time that lies so many nanoseconds behind the image's start.
  uint64_t time_at(int64_t since_start_ns) const noexcept;
  // Ticks of `ns` nanoseconds, at least 1.
  uint64_t ticks_of_ns(uint64_t ns) const noexcept;

  // CLOCK_MONOTONIC and CLOCK_REALTIME at the image's start. Monotonic is 0 when no pair tells.
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
