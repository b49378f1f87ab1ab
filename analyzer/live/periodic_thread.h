// A thread of `cistern run` that calls a function again and again while the programs run. Throws nothing; if the
// function throws, it is not called again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace cistern::analyzer {

class PeriodicThread {
 public:
  using Pause = std::chrono::milliseconds;

  // Calls `work` after the pause `first`, and again after each pause that `work` returns. What `work` refers to must
  // outlive this object.
  PeriodicThread(Pause first, std::function<Pause()> work);
  ~PeriodicThread();
  PeriodicThread(const PeriodicThread&) = delete;
  PeriodicThread& operator=(const PeriodicThread&) = delete;

  // Returns when the thread has ended.
  void stop();

 private:
  void run(Pause pause, const std::function<Pause()>& work);

  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace cistern::analyzer
