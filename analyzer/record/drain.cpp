#include "analyzer/record/drain.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "analyzer/read/failure.h"
#include "analyzer/record/aggregated_image.h"
#include "analyzer/record/drained_image.h"

namespace cistern::analyzer {
namespace {

using std::chrono::milliseconds;

// A busy program fills some 30 MB in the longest pause.
constexpr milliseconds kShortPause{5};
constexpr milliseconds kLongPause{100};
// Of processes at the same time. Further ones are packed when they have ended.
constexpr size_t kMaxImages = 64;

class Drainer {
 public:
  Drainer(const ImageList& images, Ring ring) : images_(images), ring_(ring) {}

  // Returns how many bytes were packed.
  uint64_t round() {
    find_new();
    uint64_t done = 0;
    for (auto& image : drained_) done += drain(image);
    std::erase(drained_, nullptr);
    return done;
  }

 private:
  void find_new() {
    if (images_.size_bytes() == listed_bytes_) return;
    listed_bytes_ = images_.size_bytes();
    const std::vector<ListedImage> listed = images_.read();
    for (; seen_ < listed.size(); ++seen_) {
      if (drained_.size() >= kMaxImages) continue;
      try {
        drained_.push_back(watch(listed[seen_]));
      } catch (const Failure&) {  // the harvest will say what is wrong, if it still is
      }
    }
  }

  std::unique_ptr<LiveImage> watch(const ListedImage& image) const {
    if (ring_ == Ring::kAggregate) return std::make_unique<AggregatedImage>(image);
    return std::make_unique<DrainedImage>(image);
  }

  uint64_t drain(std::unique_ptr<LiveImage>& image) {
    try {
      const uint64_t done = image->drain();
      if (done == 0 && image->ended()) image.reset();
      return done;
    } catch (const std::exception&) {
      image.reset();
      return 0;
    }
  }

  const ImageList& images_;
  Ring ring_;
  uint64_t listed_bytes_ = 0;
  size_t seen_ = 0;
  std::vector<std::unique_ptr<LiveImage>> drained_;
};

}  // namespace

Drain::Drain(const ImageList& images, Ring ring) : thread_([this, &images, ring] { work(images, ring); }) {}

Drain::~Drain() {
  stop();
}

void Drain::stop() {
  {
    const std::lock_guard locked(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Drain::work(const ImageList& images, Ring ring) {
  constexpr int kYielding = 5;
  // Whoever asked for totals wants a small disk: that is only had by keeping up.
  if (ring != Ring::kAggregate) setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), kYielding);
  try {
    Drainer drainer(images, ring);
    milliseconds pause = kShortPause;
    std::unique_lock locked(mutex_);
    while (!stop_.wait_for(locked, pause, [this] { return stopping_; })) {
      locked.unlock();
      pause = drainer.round() != 0 ? kShortPause : std::min(2 * pause, kLongPause);
      locked.lock();
    }
  } catch (const std::exception&) {  // no memory: the harvest packs what is left
  }
}

}  // namespace cistern::analyzer
