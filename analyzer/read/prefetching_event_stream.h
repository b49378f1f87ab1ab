// The same steps as EventStream, decoded and merged by a second thread while the caller processes earlier steps. With
// one processor, or for few events, there is no second thread; the steps and their order are the same. Memory: some
// hundred KiB of steps. Thread: only one may call. Errors: next() throws what decoding throws.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "analyzer/read/event_stream.h"

namespace cistern::analyzer {

class PrefetchingEventStream {
 public:
  enum class Threads : uint8_t { kAsNeeded, kOne, kTwo };

  // `image` outlives this.
  explicit PrefetchingEventStream(const Image& image, Threads threads = Threads::kAsNeeded);
  ~PrefetchingEventStream();
  PrefetchingEventStream(const PrefetchingEventStream&) = delete;
  PrefetchingEventStream& operator=(const PrefetchingEventStream&) = delete;

  // See EventStream.
  StepRun next(uint64_t until = UINT64_MAX);

  // Figures of what has been decoded for the steps so far; of everything when next() has returned an empty run.
  uint64_t events() const noexcept { return counts_.events; }
  uint64_t unreadable_bytes() const noexcept { return counts_.unreadable_bytes; }
  uint64_t misplaced_steps() const noexcept { return counts_.misplaced_steps; }
  uint64_t decoded_bytes() const noexcept { return counts_.decoded_bytes; }

 private:
  struct Counts {
    uint64_t events = 0;
    uint64_t unreadable_bytes = 0;
    uint64_t misplaced_steps = 0;
    uint64_t decoded_bytes = 0;
  };
  struct Part {  // steps of one stream in a batch
    StreamId stream_id{};
    size_t end = 0;
  };
  struct Batch {
    std::vector<HeapStep> steps;
    std::vector<Part> parts;
    Counts counts;
    bool last = false;
    std::exception_ptr error;
  };
  static constexpr size_t kBatches = 4;
  static constexpr size_t kBatchSteps = 4096;

  Counts counts_now() const noexcept;
  void work();
  void fill(Batch& batch);
  bool next_part();
  bool next_batch();

  EventStream stream_;  // used by the second thread, if there is one
  Counts counts_;
  std::array<Batch, kBatches> batches_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t filled_ = 0;  // number of batches so far; guarded by mutex_, as are the next two
  uint64_t emptied_ = 0;
  bool stopping_ = false;
  Batch* current_ = nullptr;  // the batch that the caller reads
  size_t part_ = 0;           // of the batch
  size_t step_ = 0;
  std::thread thread_;
};

}  // namespace cistern::analyzer
