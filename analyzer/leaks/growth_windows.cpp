#include "analyzer/leaks/growth_windows.h"

#include <algorithm>

namespace cistern::analyzer {
namespace {

// When the program's own code began. Without an interpreter, that is at once; with one and no root frame, never: no
// code of the program's ran that allocated anything.
uint64_t root_began(const Chronicle& chronicle) {
  for (const PhaseRecord& phase : chronicle.phases) {
    if (phase.phase == Phase::kRunning) return phase.time;
  }
  return chronicle.interpreters.empty() ? 0 : UINT64_MAX;
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
      begin_(warm_up_end.value_or(root_began(image.chronicle))) {
  find_marks(image);
}

// The marks begin and end windows; more than there is room for are taken several at a time.
void GrowthWindows::find_marks(const Image& image) {
  std::vector<uint64_t> times;
  for (const MarkRecord& mark : image.chronicle.marks) {
    if (mark.time >= begin_) times.push_back(mark.time);
  }
  if (times.size() < 2) return;
  const size_t intervals = times.size() - 1;
  const size_t step = (intervals + kMaxWindows - 1) / kMaxWindows;
  // What does not fill a window is left out at the beginning.
  size_t at = intervals % step;
  for (; at < intervals; at += step) {
    marks_.begins.push_back(times[at]);
    marks_.lengths.push_back(step);
  }
  marks_.end = times.back();
  first_mark_ = marks_.begins.front();
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
  if (site >= ticks_.size()) ticks_.resize(std::max<size_t>(site + size_t{1}, sites_.size()), kUnknown);
  if (ticks_[site] == kUnknown) {
    const bool silent = !imports_tick_ && in_import(stacks_.node_of(sites_.site(site).stack));
    ticks_[site] = silent ? 0 : 1;
  }
  allocated_.add(site, current_);
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
  if (time >= marks_.end) return;
  while (mark_window_ + 1 < marks_.size() && time >= marks_.begins[mark_window_ + 1]) ++mark_window_;
  allocated_between_marks_.add(site, mark_window_);
}

void GrowthWindows::add_allocated(uint32_t site, std::vector<uint64_t>& by_allocations,
                                  std::vector<uint64_t>& by_marks) const {
  allocated_.add_to(site, by_allocations);
  allocated_between_marks_.add_to(site, by_marks);
}

}  // namespace cistern::analyzer
