// A thread of `cistern run`'s own that does one round after another while the programs run. Throws nothing; a round
// that throws is the last.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace cistern::analyzer {

class Rounds {
 public:
  using Pause = std::chrono::milliseconds;

  // `round` is called after the pause `first`, and returns the pause before the next one. What it refers to outlives
  // this.
  Rounds(Pause first, std::function<Pause()> round);
  ~Rounds();
  Rounds(const Rounds&) = delete;
  Rounds& operator=(const Rounds&) = delete;

  // Returns when the thread has ended.
  void stop();

 private:
  void work(Pause pause, const std::function<Pause()>& round);

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;  // below the mutex
  std::thread thread_;
};

}  // namespace cistern::analyzer
