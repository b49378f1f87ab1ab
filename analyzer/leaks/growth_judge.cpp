#include "analyzer/leaks/growth_judge.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace cistern::analyzer {
namespace {

using Counts = std::span<const uint64_t>;

uint64_t sum_of(Counts counts) {
  return std::accumulate(counts.begin(), counts.end(), uint64_t{0});
}

// The greatest difference between two cumulative distributions; 1 when one of them is empty.
double distance(Counts a, Counts b) {
  const auto whole_a = static_cast<double>(sum_of(a));
  const auto whole_b = static_cast<double>(sum_of(b));
  if (whole_a == 0 || whole_b == 0) return 1;
  double greatest = 0;
  uint64_t sum_a = 0;
  uint64_t sum_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    sum_a += a[i];
    sum_b += b[i];
    greatest =
        std::max(greatest, std::abs(static_cast<double>(sum_a) / whole_a - static_cast<double>(sum_b) / whole_b));
  }
  return greatest;
}

// The window in which the cumulative survivors reach `share`.
size_t window_of_share(Counts survivors, double share) {
  const double wanted = share * static_cast<double>(sum_of(survivors));
  uint64_t sum = 0;
  for (size_t i = 0; i < survivors.size(); ++i) {
    sum += survivors[i];
    if (static_cast<double>(sum) >= wanted && sum != 0) return i;
  }
  return survivors.empty() ? 0 : survivors.size() - 1;
}

// The distance from even growth that `blocks` may have by chance.
double tolerance(uint64_t blocks) {
  return 0.15 + 0.6 / std::sqrt(static_cast<double>(std::max<uint64_t>(blocks, 1)));
}

// Whether about as many windows have survivors as random births would fill.
bool fills_windows(Counts survivors) {
  const auto windows = static_cast<double>(survivors.size());
  const auto filled =
      static_cast<double>(std::count_if(survivors.begin(), survivors.end(), [](uint64_t count) { return count != 0; }));
  const double expected = windows * (1 - std::exp(-static_cast<double>(sum_of(survivors)) / windows));
  return filled >= 0.7 * expected;
}

struct Evenness {
  bool even = false;
  double fit = 0;
};

// Survivors per tick in windows [begin, end).
double pace(const GrowthEvidence& evidence, size_t begin, size_t end) {
  const uint64_t length = sum_of(Counts(evidence.lengths).subspan(begin, end - begin));
  const uint64_t blocks = sum_of(Counts(evidence.survivors).subspan(begin, end - begin));
  return static_cast<double>(blocks) / static_cast<double>(std::max<uint64_t>(length, 1));
}

// The relative difference that two parts of the survivors from `first` on may have by chance.
double chance(const GrowthEvidence& evidence, size_t first) {
  const auto blocks = static_cast<double>(sum_of(Counts(evidence.survivors).subspan(first)));
  return 2 / std::sqrt(std::max(blocks / 4, 1.0));
}

// Whether the pace in the youngest fifth of the windows from `first` on is far lower than before.
bool fades(const GrowthEvidence& evidence, size_t first) {
  const size_t end = evidence.lengths.size();
  const size_t young = end - std::max<size_t>((end - first) / 5, 1);
  return pace(evidence, young, end) < (0.4 - chance(evidence, first) / 4) * pace(evidence, first, young);
}

// Whether the survivors of windows [first, end) came at one pace: it neither fades in the youngest fifth nor rises all
// the time, as it does for long-lived blocks that are freed one after the other. Unless the evidence is settled, the
// youngest tenth may have many: blocks in use are young. Small differences count as chance.
bool keeps_pace(const GrowthEvidence& evidence, size_t first) {
  const size_t windows = evidence.lengths.size();
  const size_t tenth = std::max<size_t>((windows - first) / 10, 1);
  const size_t end = evidence.settled ? windows : windows - tenth;
  const size_t late = first + (end - first) * 3 / 4;
  const double most = (1.5 + chance(evidence, first)) * pace(evidence, first, late);
  if (fades(evidence, first) || pace(evidence, late, end) > most) return false;
  return !evidence.settled || pace(evidence, windows - tenth, windows) <= 1.5 * most;
}

// Compares births with ticks from window `first` on, and with allocations from window `begin` on.
Evenness evenness(const GrowthEvidence& evidence, size_t begin, size_t first) {
  const size_t windows = evidence.lengths.size();
  const size_t cut = windows - std::max<size_t>((windows - first) / 5, 1);
  if (cut <= first) return {};
  const Counts survivors(evidence.survivors);
  const Counts old = survivors.subspan(first, cut - first);
  const double from_clock = distance(old, Counts(evidence.lengths).subspan(first, cut - first));
  const double from_allocated =
      distance(survivors.subspan(begin, cut - begin), Counts(evidence.allocated).subspan(begin, cut - begin));
  const double allowed = tolerance(sum_of(old));
  Evenness found;
  found.even = from_clock <= allowed && from_allocated <= allowed && fills_windows(old) && keeps_pace(evidence, first);
  found.fit = 1 - std::max(from_clock, from_allocated);
  return found;
}

// For people, in at most kColumns parts.
std::vector<uint64_t> birth_profile(const GrowthEvidence& evidence) {
  constexpr size_t kColumns = 32;
  const size_t windows = evidence.survivors.size();
  std::vector<uint64_t> births(std::min(windows, kColumns));
  for (size_t i = 0; i < windows; ++i) births[i * births.size() / windows] += evidence.survivors[i];
  return births;
}

// For a group that did not grow until the end: kOneOff, kRamp, or kNone when old blocks were freed as new ones came.
Growth ended_growth(const GrowthEvidence& evidence) {
  const size_t windows = evidence.lengths.size();
  const uint64_t later = sum_of(evidence.survivors);
  if (windows == 0 || later * 20 <= later + evidence.earlier) return Growth::kOneOff;
  const size_t first = window_of_share(evidence.survivors, 0.025);
  const size_t last = window_of_share(evidence.survivors, 0.975);
  const Counts allocated(evidence.allocated);
  const bool old_blocks_went = distance(Counts(evidence.survivors).first(last + 1), allocated.first(last + 1)) > 0.4;
  if (old_blocks_went) return Growth::kNone;
  if (last - first + 1 <= std::max<size_t>(windows / 16, 1) + 1) return Growth::kOneOff;
  const bool enough = later >= kMinSurvivors && windows >= kMinWindows;
  return enough && fades(evidence, first) ? Growth::kRamp : Growth::kNone;
}

}  // namespace

GrowthEvidence joined(GrowthEvidence evidence, uint64_t least) {
  const auto halve = [](std::vector<uint64_t>& counts) {
    const size_t odd = counts.size() % 2;  // the oldest window stays alone
    for (size_t i = odd; i < (counts.size() + odd) / 2; ++i) {
      counts[i] = counts[2 * i - odd] + counts[2 * i - odd + 1];
    }
    counts.resize((counts.size() + odd) / 2);
  };
  while (evidence.lengths.size() / 2 >= least && sum_of(evidence.survivors) < 2 * evidence.lengths.size()) {
    halve(evidence.lengths);
    halve(evidence.survivors);
    halve(evidence.allocated);
  }
  return evidence;
}

GrowthFinding judge_by_allocations(const GrowthEvidence& given) {
  const GrowthEvidence evidence = joined(given, 2 * kMinWindows);
  GrowthFinding finding;
  const size_t windows = evidence.lengths.size();
  finding.windows = static_cast<uint32_t>(windows);
  finding.births = birth_profile(evidence);
  const size_t first = window_of_share(evidence.survivors, 0.025);
  const Evenness found = windows == 0 ? Evenness{} : evenness(evidence, 0, first);
  finding.fit = found.fit;
  const uint64_t needed = std::max<uint64_t>(kMinWindows, windows / kMinShareOfWindows);
  const bool enough = sum_of(evidence.survivors) >= kMinSurvivors && windows >= first + needed;
  finding.growth = enough && found.even ? Growth::kSteady : ended_growth(evidence);
  return finding;
}

GrowthFinding judge_by_marks(const GrowthEvidence& given) {
  const GrowthEvidence evidence = joined(given, 2 * kMinMarkedWindows);
  GrowthFinding finding;
  const size_t windows = evidence.lengths.size();
  finding.windows = static_cast<uint32_t>(windows);
  finding.births = birth_profile(evidence);
  const size_t first = std::max<size_t>(windows / 8, 1);
  if (windows < first + kMinMarkedWindows) return finding;
  const Evenness found = evenness(evidence, first, first);
  finding.fit = found.fit;
  const Counts counted = Counts(evidence.survivors).subspan(first);
  const uint64_t blocks = sum_of(counted);
  finding.blocks_per_mark =
      static_cast<double>(blocks) / static_cast<double>(sum_of(Counts(evidence.lengths).subspan(first)));
  if (blocks >= std::max<uint64_t>(windows - first, kMinMarkedWindows) && found.even && fills_windows(counted)) {
    finding.growth = Growth::kMarked;
  }
  return finding;
}

}  // namespace cistern::analyzer
