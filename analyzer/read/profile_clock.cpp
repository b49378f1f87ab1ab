#include "analyzer/read/profile_clock.h"

#include <algorithm>
#include <cmath>

namespace cistern::analyzer {
namespace {

constexpr double kGreatest = 9.0e18;  // fits into an int64_t
// The longest recording (36 years) and the latest moment in it: sums of some of them fit into an int64_t.
constexpr double kGreatestDurationNs = 0x1p60;
constexpr double kGreatestMomentNs = 0x1p62;

int64_t rounded(double value, double greatest = kGreatest) noexcept {
  return static_cast<int64_t>(std::clamp(value, -greatest, greatest));
}

double difference(uint64_t a, uint64_t b) noexcept {
  return a >= b ? static_cast<double>(a - b) : -static_cast<double>(b - a);
}

double estimated_rate(const ProfileHeader& header) {
  const double hz = header.clock_hz == 0 ? 1e9 : static_cast<double>(header.clock_hz);
  return std::ldexp(1e9 / hz, header.time_shift);
}

int64_t signed_ns(uint64_t ns) {
  return static_cast<int64_t>(std::min<uint64_t>(ns, INT64_MAX / 2));
}

}  // namespace

ProfileClock::ProfileClock(const ProfileHeader& header, const std::vector<ClockPairRecord>& pairs) {
  anchors_.clear();
  for (const ClockPairRecord& pair : pairs) {
    const int64_t ns = signed_ns(pair.monotonic_ns);
    if (!anchors_.empty() && (pair.time <= anchors_.back().time || ns <= anchors_.back().ns)) continue;
    anchors_.push_back({pair.time, ns, estimated_rate(header)});
  }
  for (size_t i = 0; i + 1 < anchors_.size(); ++i) {
    const Anchor& next = anchors_[i + 1];
    anchors_[i].ns_per_tick = static_cast<double>(next.ns - anchors_[i].ns) / difference(next.time, anchors_[i].time);
  }
  if (anchors_.size() > 1) anchors_.back().ns_per_tick = anchors_[anchors_.size() - 2].ns_per_tick;
  const bool paired = !anchors_.empty();
  if (!paired) anchors_.push_back({header.first_time, 0, estimated_rate(header)});
  start_ns_ = 0;
  start_ns_ = since_start_ns(header.first_time);
  if (paired) start_monotonic_ns_ = start_ns_;
  start_unix_ns_ = signed_ns(header.image.start_unix_ns);
}

const ProfileClock::Anchor& ProfileClock::anchor_before(uint64_t time) const noexcept {
  const auto after = std::upper_bound(anchors_.begin(), anchors_.end(), time,
                                      [](uint64_t t, const Anchor& anchor) { return t < anchor.time; });
  return after == anchors_.begin() ? anchors_.front() : *(after - 1);
}

int64_t ProfileClock::since_start_ns(uint64_t time) const noexcept {
  const Anchor& anchor = anchor_before(time);
  const double ns = difference(time, anchor.time) * anchor.ns_per_tick;
  return rounded(static_cast<double>(anchor.ns - start_ns_) + ns, kGreatestDurationNs);
}

uint64_t ProfileClock::time_at(int64_t since_start_ns) const noexcept {
  const int64_t ns = rounded(static_cast<double>(since_start_ns) + static_cast<double>(start_ns_), kGreatestMomentNs);
  const auto after = std::upper_bound(anchors_.begin(), anchors_.end(), ns,
                                      [](int64_t t, const Anchor& anchor) { return t < anchor.ns; });
  const Anchor& anchor = after == anchors_.begin() ? anchors_.front() : *(after - 1);
  const double ticks = static_cast<double>(ns - anchor.ns) / anchor.ns_per_tick;
  const double time = static_cast<double>(anchor.time) + ticks;
  if (time <= 0) return 0;
  if (time >= kGreatest) return static_cast<uint64_t>(kGreatest);
  // Adds to the anchor in integers: a double holds 53 bits, a time-stamp counter may have more.
  return anchor.time + static_cast<uint64_t>(rounded(ticks));
}

uint64_t ProfileClock::ticks_of_ns(uint64_t ns) const noexcept {
  const double ticks = static_cast<double>(ns) / anchors_.front().ns_per_tick;
  return ticks < 1 ? 1 : static_cast<uint64_t>(rounded(ticks));
}

}  // namespace cistern::analyzer
