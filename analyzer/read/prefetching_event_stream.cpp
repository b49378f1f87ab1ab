#include "analyzer/read/prefetching_event_stream.h"

#include <sched.h>

#include <algorithm>
#include <system_error>

namespace cistern::analyzer {
namespace {

// Starting a thread and waiting for its first batch takes as long as decoding this many bytes.
constexpr uint64_t kLeastBytes = uint64_t{1} << 20;

bool has_two_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) > 1;
}

bool is_worth_it(const Image& image) {
  return image.event_payload_bytes >= kLeastBytes && has_two_processors();
}

}  // namespace

PrefetchingEventStream::PrefetchingEventStream(const Image& image, Threads threads) : stream_(image) {
  if (threads == Threads::kOne || (threads == Threads::kAsNeeded && !is_worth_it(image))) return;
  try {
    thread_ = std::thread([this] { work(); });
  } catch (const std::system_error&) {  // works without a second thread
  }
}

PrefetchingEventStream::~PrefetchingEventStream() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard locked(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

PrefetchingEventStream::Counts PrefetchingEventStream::counts_now() const noexcept {
  return {stream_.events(), stream_.unreadable_bytes(), stream_.misplaced_steps(), stream_.decoded_bytes()};
}

void PrefetchingEventStream::work() {
  for (bool last = false; !last;) {
    std::unique_lock locked(mutex_);
    changed_.wait(locked, [this] { return stopping_ || filled_ - emptied_ < kBatches; });
    if (stopping_) return;
    Batch& batch = batches_[filled_ % kBatches];
    locked.unlock();
    try {
      fill(batch);
    } catch (...) {
      batch.error = std::current_exception();
      batch.last = true;
    }
    last = batch.last;
    locked.lock();
    ++filled_;
    locked.unlock();
    changed_.notify_all();
  }
}

void PrefetchingEventStream::fill(Batch& batch) {
  batch.steps.clear();
  batch.parts.clear();
  batch.steps.reserve(kBatchSteps);
  while (batch.steps.size() < kBatchSteps) {
    const StepRun run = stream_.next();
    if (run.steps.empty()) {
      batch.last = true;
      break;
    }
    batch.steps.insert(batch.steps.end(), run.steps.begin(), run.steps.end());
    batch.parts.push_back({run.stream_id, batch.steps.size()});
  }
  batch.counts = counts_now();
}

StepRun PrefetchingEventStream::next(uint64_t until) {
  if (!thread_.joinable()) {
    const StepRun run = stream_.next(until);
    counts_ = counts_now();
    return run;
  }
  if (!next_part()) return {};
  const Part& part = current_->parts[part_];
  const std::span<const HeapStep> steps(current_->steps.data() + step_, part.end - step_);
  size_t count = steps.size();
  if (steps.back().time >= until) {
    const auto later =
        std::partition_point(steps.begin(), steps.end(), [=](const HeapStep& step) { return step.time < until; });
    count = static_cast<size_t>(later - steps.begin());
  }
  step_ += count;
  return {part.stream_id, steps.first(count)};
}

// Moves to the next part with steps. Returns false at the end.
bool PrefetchingEventStream::next_part() {
  for (;;) {
    if (current_ == nullptr || part_ == current_->parts.size()) {
      if (!next_batch()) return false;
    } else if (step_ == current_->parts[part_].end) {
      ++part_;
    } else {
      return true;
    }
  }
}

// Returns the current batch to the thread and waits for the next one. Returns false if there is none.
bool PrefetchingEventStream::next_batch() {
  if (current_ != nullptr && current_->last) return false;
  std::unique_lock locked(mutex_);
  if (current_ != nullptr) {
    ++emptied_;
    changed_.notify_all();
  }
  changed_.wait(locked, [this] { return filled_ != emptied_; });
  current_ = &batches_[emptied_ % kBatches];
  part_ = step_ = 0;
  counts_ = current_->counts;
  if (current_->error != nullptr) std::rethrow_exception(current_->error);
  return true;
}

}  // namespace cistern::analyzer
