#include "analyzer/model/moment.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

#include "analyzer/model/end_state.h"
#include "analyzer/model/image_run.h"
#include "analyzer/model/last_event.h"
#include "analyzer/read/failure.h"

namespace cistern::analyzer {
namespace {

std::optional<int64_t> parse_time(const std::string& text) {
  double value = 0;
  const char* const end = text.data() + text.size();
  const auto [unit, error] = std::from_chars(text.data(), end, value);
  const std::string_view rest(unit, static_cast<size_t>(end - unit));
  const double unit_ns = rest == "s" ? 1e9 : rest == "ms" ? 1e6 : rest == "m" || rest == "min" ? 60e9 : 0;
  const bool sensible = error == std::errc() && value >= 0 && value * unit_ns <= 1e18;  // and no NaN
  return sensible && unit_ns != 0 ? std::optional(static_cast<int64_t>(value * unit_ns)) : std::nullopt;
}

// Splits "NAME:2" into the name and the number.
void parse_mark(const std::string& text, Moment& moment) {
  moment.kind = MomentKind::kMark;
  moment.mark = text;
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return;
  uint32_t which = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, which);
  if (error != std::errc() || rest != end || which == 0) return;
  moment.mark = text.substr(0, colon);
  moment.which = which;
}

struct FoundMark {
  int64_t tree_ns = 0;
  const Image* image = nullptr;
  uint64_t time = 0;
};

std::string known_marks(const Profile& profile) {
  std::set<std::string> names;
  for (const Image& image : profile.images) {
    for (const MarkRecord& mark : image.process_events.marks) names.emplace(mark.name);
  }
  if (names.empty()) return "it has no marks";
  std::string list = "it has";
  for (const std::string& name : names) list += (list == "it has" ? " " : ", ") + name;
  return list;
}

}  // namespace

Moment parse_moment(const std::string& text) {
  if (text.empty()) throw usage_error("--at: expected end, peak, exit, a mark's name or a time such as 12.5s");
  Moment moment;
  moment.text = text;
  if (text == "end") return moment;
  if (text == "peak" || text == "exit") {
    moment.kind = text == "peak" ? MomentKind::kPeak : MomentKind::kExit;
  } else if (text == "worst") {
    moment.kind = MomentKind::kWorst;
  } else if (const auto ns = parse_time(text)) {
    moment.kind = MomentKind::kTime;
    moment.since_start_ns = *ns;
  } else {
    parse_mark(text, moment);
  }
  return moment;
}

int64_t start_in_tree_ns(const Profile& profile, const Image& image) {
  const ProfileClock& first = profile.images.front().clock;
  const bool paired = first.start_monotonic_ns() != 0 && image.clock.start_monotonic_ns() != 0;
  const int64_t ns = paired ? image.clock.start_monotonic_ns() - first.start_monotonic_ns()
                            : image.clock.start_unix_ns() - first.start_unix_ns();
  constexpr int64_t kGreatest = int64_t{1} << 61;  // 73 years: sums with it fit
  return std::clamp(ns, -kGreatest, kGreatest);
}

Failure no_such_heap(const Profile& profile, const Image& image) {
  const double seconds = static_cast<double>(image.clock.since_start_ns(image.begin_time())) / 1e9;
  return unreadable(profile.path, fmt::format("not in this profile: the snapshot has the heap of process "
                                              "{} only from {:.3f} s on",
                                              image.header.image.pid, seconds));
}

MomentInProfile::MomentInProfile(const Moment& moment, const Profile& profile) : moment_(moment), profile_(profile) {
  tree_ns_ = moment.since_start_ns;
  if (moment.kind == MomentKind::kTime) require_recorded();
  if (moment.kind == MomentKind::kMark) find_mark();
}

void MomentInProfile::require_recorded() const {
  int64_t end_ns = 0;
  for (const Image& image : profile_.images) {
    const uint64_t last = last_moment(image, last_event_time(image));
    end_ns = std::max(end_ns, start_in_tree_ns(profile_, image) + image.clock.since_start_ns(last));
  }
  if (tree_ns_ <= end_ns) return;
  throw usage_error(fmt::format("{}: {} is after the end of the recording, at {:.6g} s (use a time before it, or exit)",
                                profile_.path, moment_.text, static_cast<double>(end_ns) / 1e9));
}

void MomentInProfile::find_mark() {
  std::vector<FoundMark> found;
  for (const Image& image : profile_.images) {
    const int64_t start_ns = start_in_tree_ns(profile_, image);
    for (const MarkRecord& mark : image.process_events.marks) {
      if (mark.name == moment_.mark)
        found.push_back({start_ns + image.clock.since_start_ns(mark.time), &image, mark.time});
    }
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const FoundMark& a, const FoundMark& b) { return a.tree_ns < b.tree_ns; });
  if (found.empty() || moment_.which > found.size()) {
    throw usage_error(profile_.path + ": no mark " + moment_.text + " (" + known_marks(profile_) + ")");
  }
  const FoundMark& mark = moment_.which == 0 ? found.back() : found[moment_.which - 1];
  marked_ = mark.image;
  mark_time_ = mark.time;
  tree_ns_ = mark.tree_ns;
}

std::optional<uint64_t> MomentInProfile::in(const Image& image, Progress* progress) const {
  switch (moment_.kind) {
    case MomentKind::kEnd:
      return end_state_of(image).time;
    case MomentKind::kPeak:
      return known(image, peak_moment(image, progress));
    case MomentKind::kExit:
      return UINT64_MAX;
    case MomentKind::kWorst:
      throw usage_error(kWorstIsOfPools);
    case MomentKind::kTime:
      return known(image, at_tree_time(image));
    case MomentKind::kMark:
      break;
  }
  return known(image, &image == marked_ ? std::optional(mark_time_) : at_tree_time(image));
}

std::optional<uint64_t> MomentInProfile::known(const Image& image, std::optional<uint64_t> time) const {
  if (time && *time < image.begin_time()) throw no_such_heap(profile_, image);
  return time;
}

std::optional<uint64_t> MomentInProfile::at_tree_time(const Image& image) const {
  const int64_t own_ns = tree_ns_ - start_in_tree_ns(profile_, image);
  if (own_ns < 0) return std::nullopt;
  const uint64_t time = image.clock.time_at(own_ns);
  const EndRecord& end = image.process_events.end;
  if (image.process_events.end_known && end.time != 0 && end.time < time) return std::nullopt;
  return time;
}

}  // namespace cistern::analyzer
