// The sign that time passes: every few milliseconds a word in the window of each recorded process is counted up, by a
// thread of `cistern run`'s own. With it the recorder need not read the time for each event (see Beat in
// cistern/window.h). Where it cannot be given, each event has its own. Throws nothing.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "analyzer/record/image_list.h"

namespace cistern::analyzer {

class Heartbeat {
 public:
  // `images` outlives this.
  explicit Heartbeat(const ImageList& images);
  // Returns when the thread has ended.
  ~Heartbeat();
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;

 private:
  void work(const ImageList& images);

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;  // below the mutex
  std::thread thread_;
};

}  // namespace cistern::analyzer
