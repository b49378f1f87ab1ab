#include "preload/recorder/epoch.h"

#include "preload/base/clock.h"
#include "preload/base/memory.h"
#include "preload/base/proc.h"
#include "preload/recorder/facts.h"
#include "preload/recorder/modules.h"
#include "preload/recorder/thread_registry.h"

namespace cistern::preload {
namespace {

// The threads that exist. Requires threads_lock: no thread begins meanwhile, but one may be reaped.
class Threads {
 public:
  Threads() noexcept {
    visit_all([this](ThreadState&) { ++capacity_; });
    if (capacity_ != 0) states_ = static_cast<ThreadState**>(map_memory(capacity_ * sizeof(ThreadState*)));
    if (states_ == nullptr) return;
    visit_all([this](ThreadState& state) {
      if (count_ < capacity_) states_[count_++] = &state;
    });
  }
  ~Threads() {
    if (states_ != nullptr) unmap_memory(states_, capacity_ * sizeof(ThreadState*));
  }
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  size_t count() const noexcept { return count_; }
  ThreadState& operator[](size_t i) const noexcept { return *states_[i]; }

 private:
  template <typename Visit>
  static void visit_all(Visit visit) noexcept {
    ThreadState* state = g_recorder.threads.load(std::memory_order_acquire);
    for (; state != nullptr; state = state->next) {
      const uint32_t used_by = state->used_by.load(std::memory_order_relaxed);
      if (used_by != kUnused && used_by != kBeingReused) visit(*state);
    }
  }

  ThreadState** states_ = nullptr;
  size_t capacity_ = 0;
  size_t count_ = 0;
};

// Begins an epoch of the interner that keeps two nodes for each thread: the stack that started it, and the boundary
// above.
void keep_thread_stacks(const Threads& threads) noexcept {
  const size_t bytes = 2 * threads.count() * sizeof(StackId);
  auto* const kept = bytes == 0 ? nullptr : static_cast<StackId*>(map_memory(bytes));
  const size_t count = kept == nullptr ? 0 : threads.count();
  for (size_t i = 0; i < count; ++i) {
    kept[2 * i] = threads[i].started_at;
    kept[2 * i + 1] = threads[i].base.load(std::memory_order_relaxed);
  }
  g_recorder.interner.restart_definitions(g_python, kept, 2 * count);
  for (size_t i = 0; i < threads.count(); ++i) {
    threads[i].started_at = kept == nullptr ? StackId{} : kept[2 * i];
    threads[i].base.store(kept == nullptr ? StackId{} : kept[2 * i + 1], std::memory_order_relaxed);
  }
  if (kept != nullptr) unmap_memory(kept, bytes);
}

void write_facts_again(const Threads& threads) noexcept {
  Recorder& recorder = g_recorder;
  write_clock_pair(recorder.records);
  write_image_facts(recorder.records, recorder.options_text.view());
  write_interpreter(recorder.records, now());
  if (recorder.install.time != 0) recorder.records.write(recorder.install);
  write_known_modules(recorder.records);
  recorder.phases.repeat();
  write_memory(recorder.records);
  for (size_t i = 0; i < threads.count(); ++i) {
    char name[kThreadNameBytes];
    write_thread_record(threads[i], thread_name(threads[i].tid, name));
  }
}

// Returns whether the epoch record is true. It is not if another chunk has begun meanwhile: then later events may lie
// in an earlier chunk than the definitions.
bool begin_epoch_in_one_chunk() noexcept {
  EpochState& epoch = g_recorder.epoch;
  // What is written from here on lies in one segment, so it is emptied together with its epoch record.
  g_recorder.records.flush();
  const uint64_t chunk = g_recorder.segments.output.chunks_begun();
  epoch.chunk.store(chunk, std::memory_order_relaxed);
  const Locked locked(g_recorder.threads_lock);
  const Threads threads;
  keep_thread_stacks(threads);
  g_recorder.interner.advance_epoch();
  g_recorder.records.write(EpochRecord{now(), ++epoch.number});
  write_facts_again(threads);
  g_recorder.records.flush();
  if (g_recorder.segments.output.chunks_begun() == chunk) return true;
  g_recorder.records.write(EpochRecord{kNoEpoch, epoch.number});
  return false;
}

}  // namespace

// The record lies in the first chunk, so that it is emptied together with the first events.
void begin_first_epoch() noexcept {
  g_recorder.records.write(EpochRecord{g_recorder.header.first_time, 0});
  g_recorder.records.flush();
}

void begin_next_epoch() noexcept {
  std::atomic<bool>& beginning = g_recorder.epoch.beginning;
  if (beginning.exchange(true, std::memory_order_acquire)) return;
  constexpr int kTries = 4;  // then again at the next event
  for (int i = 0; i < kTries && epoch_due() && !begin_epoch_in_one_chunk(); ++i) {
  }
  beginning.store(false, std::memory_order_release);
}

void abandon_epochs() noexcept {
  EpochState& epoch = g_recorder.epoch;
  epoch.beginning.store(false, std::memory_order_relaxed);
  epoch.chunk.store(1, std::memory_order_relaxed);
  epoch.number = 0;
}

}  // namespace cistern::preload
