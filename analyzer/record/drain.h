// `--ring drain` and `--ring aggregate`: packs the profiles of a run while its programs run, or makes totals of them,
// on a thread of `cistern run`'s own, which gives way to them while it packs. What it cannot do, because it is late,
// may not, or has no room, is left as it is: plain segments in the profile. Throws nothing.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "analyzer/record/image_list.h"
#include "cistern/options.h"

namespace cistern::analyzer {

class Drain {
 public:
  // `images` outlives this.
  Drain(const ImageList& images, Ring ring);
  ~Drain();
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

  // Returns when the thread has ended.
  void stop();

 private:
  void work(const ImageList& images, Ring ring);

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;  // below the mutex
  std::thread thread_;
};

}  // namespace cistern::analyzer
