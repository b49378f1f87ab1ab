#include "analyzer/leaks/growth_windows.h"

#include <algorithm>

namespace cistern::analyzer {
namespace {

// When the program's own code began. Without an interpreter, that is at once; with one and no root frame, never: no
// code of the program's ran that allocated anything.
uint64_t root_began(const ProcessEvents& process_events) {
  for (const PhaseRecord& phase : process_events.phases) {
    if (phase.phase == Phase::kRunning) return phase.time;
  }
  return process_events.interpreters.empty() ? 0 : UINT64_MAX;
}

}  // namespace

std::optional<uint32_t> Windows::at(uint64_t time) const noexcept {
  if (begins.empty() || time < begins.front() || time >= end) return std::nullopt;
  return static_cast<uint32_t>(std::upper_bound(begins.begin(), begins.end(), time) - begins.begin() - 1);
}

GrowthWindows::GrowthWindows(const Image& image, const Sites& sites, StackResolver& stacks, const CallTree& tree,
                             std::optional<uint64_t> warm_up_end)
    : sites_(sites),
      stacks_(stacks),
      tree_(tree),
      imports_tick_(warm_up_end.has_value()),
      begin_(warm_up_end.value_or(root_began(image.process_events))) {
  find_marks(image);
  if (image.snapshot != nullptr && !warm_up_end) load(*image.snapshot);
}

// The marks begin and end windows; if there are more than kMaxWindows, one window spans several marks.
void GrowthWindows::find_marks(const Image& image) {
  for (const MarkRecord& mark : image.process_events.marks) {
    if (mark.time >= begin_) mark_times_.push_back(mark.time);
  }
  if (mark_times_.empty()) return;
  const size_t intervals = mark_times_.size() - 1;
  while (intervals > kMaxWindows * mark_step_) mark_step_ *= 2;
  for (size_t at = 0; at < intervals; at += mark_step_) {
    marks_.begins.push_back(mark_times_[at]);
    marks_.lengths.push_back(std::min<size_t>(mark_step_, intervals - at));
  }
  marks_.end = mark_times_.back();
  first_mark_ = mark_times_.front();
}

bool GrowthWindows::in_import(NodeId node) {
  if (in_import_.size() < tree_.size()) in_import_.resize(tree_.size(), Answer::kUnasked);
  Answer answer = Answer::kNo;
  NodeId at = node;
  for (; at != kRootNode && answer == Answer::kNo; at = tree_.parent(at)) {
    if (in_import_[raw(at)] != Answer::kUnasked) {
      answer = in_import_[raw(at)];
      break;
    }
    if (is_import_machinery(tree_.frame(at))) answer = Answer::kYes;
  }
  for (; node != at; node = tree_.parent(node)) in_import_[raw(node)] = answer;
  return answer == Answer::kYes;
}

// The first of the site in this window.
void GrowthWindows::count_first(uint32_t site) {
  learn_ticks(site);
  allocated_.add(site, current_);
}

void GrowthWindows::learn_ticks(uint32_t site) {
  if (site >= ticks_.size()) ticks_.resize(std::max<size_t>(site + size_t{1}, sites_.size()), kUnknown);
  if (ticks_[site] != kUnknown) return;
  const bool silent = !imports_tick_ && in_import(stacks_.node_of(sites_.site(site).stack));
  ticks_[site] = silent ? 0 : 1;
}

void GrowthWindows::next_window(uint64_t time) {
  if (allocations_.size() == kMaxWindows) {
    for (uint32_t i = 0; i < kMaxWindows / 2; ++i) {
      allocations_.begins[i] = allocations_.begins[2 * i];
      allocations_.lengths[i] = allocations_.lengths[2 * i] + allocations_.lengths[2 * i + 1];
    }
    allocations_.begins.resize(kMaxWindows / 2);
    allocations_.lengths.resize(kMaxWindows / 2);
    allocated_.join_pairs();
    window_length_ *= 2;
  }
  current_ = static_cast<uint32_t>(allocations_.size());
  allocations_.begins.push_back(time);
  allocations_.lengths.push_back(0);
  left_ = window_length_;
}

void GrowthWindows::count_between_marks(uint64_t time, uint32_t site) {
  if (time >= marks_.end) {
    if (site >= allocated_since_.size()) allocated_since_.resize(std::max<size_t>(site + size_t{1}, sites_.size()));
    ++allocated_since_[site];
    return;
  }
  while (mark_window_ + 1 < marks_.size() && time >= marks_.begins[mark_window_ + 1]) ++mark_window_;
  allocated_between_marks_.add(site, mark_window_);
}

void GrowthWindows::add_allocated(uint32_t site, std::vector<uint64_t>& by_allocations,
                                  std::vector<uint64_t>& by_marks) const {
  allocated_.add_to(site, by_allocations);
  allocated_between_marks_.add_to(site, by_marks);
}

void GrowthWindows::save(SnapshotWriter& out) const {
  const uint64_t last_mark = mark_times_.empty() ? 0 : mark_times_.back();
  out.add(SnapshotGrowth{begin_, window_length_, left_, mark_step_, last_mark});
  for (size_t i = 0; i < allocations_.size(); ++i) {
    out.add(SnapshotWindow{allocations_.begins[i], allocations_.lengths[i]});
  }
  allocated_.for_each([&](uint64_t site, uint64_t window, uint64_t count) {
    out.add(SnapshotWindowCount{{site, window, count}});
  });
  allocated_between_marks_.for_each([&](uint64_t site, uint64_t window, uint64_t count) {
    out.add(SnapshotMarkCount{{site, window, count}});
  });
  for (uint32_t site = 0; site < allocated_since_.size(); ++site) {
    if (allocated_since_[site] != 0) out.add(SnapshotOpenCount{site, allocated_since_[site]});
  }
}

// What was counted before it was known that the program's own code had not begun does not count.
void GrowthWindows::load(const Snapshot& snapshot) {
  const auto growth = snapshot.row<SnapshotGrowth>();
  if (!growth || growth->begin != begin_) return;
  window_length_ = growth->window_length;
  left_ = growth->left;
  snapshot.for_each<SnapshotWindow>([&](const SnapshotWindow& row) {
    allocations_.begins.push_back(row.begin);
    allocations_.lengths.push_back(row.length);
  });
  if (allocations_.size() == 0) left_ = 0;
  current_ = static_cast<uint32_t>(std::max<size_t>(allocations_.size(), 1) - 1);
  snapshot.for_each<SnapshotWindowCount>([&](const SnapshotWindowCount& row) {
    if (row.site >= sites_.size() || row.count == 0) return;
    const auto site = static_cast<uint32_t>(row.site);
    learn_ticks(site);
    allocated_.add(site, static_cast<uint32_t>(row.window), static_cast<uint32_t>(row.count));
  });
  load_mark_counts(snapshot, *growth);
}

// Marks that came later make windows of several intervals out of smaller ones, and end the interval that was open.
void GrowthWindows::load_mark_counts(const Snapshot& snapshot, const SnapshotGrowth& growth) {
  const auto add = [&](uint64_t site, uint64_t window, uint64_t count) {
    if (site >= sites_.size() || window >= marks_.size() || count == 0) return;
    allocated_between_marks_.add(static_cast<uint32_t>(site), static_cast<uint32_t>(window),
                                 static_cast<uint32_t>(count));
  };
  const uint64_t joined = std::max<uint64_t>(mark_step_ / growth.mark_step, 1);
  snapshot.for_each<SnapshotMarkCount>(
      [&](const SnapshotMarkCount& row) { add(row.site, row.window / joined, row.count); });
  const auto open = std::lower_bound(mark_times_.begin(), mark_times_.end(), growth.last_mark);
  if (open == mark_times_.end()) return;
  const bool still_open = open + 1 == mark_times_.end();
  const uint64_t window = static_cast<uint64_t>(open - mark_times_.begin()) / mark_step_;
  if (still_open) allocated_since_.resize(sites_.size());
  snapshot.for_each<SnapshotOpenCount>([&](const SnapshotOpenCount& row) {
    if (!still_open) return add(row.site, window, row.count);
    if (row.site < allocated_since_.size()) allocated_since_[row.site] = static_cast<uint32_t>(row.count);
  });
}

}  // namespace cistern::analyzer
