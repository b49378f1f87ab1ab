#include "analyzer/live/periodic_thread.h"

#include <exception>
#include <utility>

namespace cistern::analyzer {

PeriodicThread::PeriodicThread(Pause first, std::function<Pause()> work)
    : thread_([this, first, work = std::move(work)] { run(first, work); }) {}

PeriodicThread::~PeriodicThread() {
  stop();
}

void PeriodicThread::stop() {
  {
    const std::lock_guard locked(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void PeriodicThread::run(Pause pause, const std::function<Pause()>& work) {
  try {
    std::unique_lock locked(mutex_);
    while (!stop_.wait_for(locked, pause, [this] { return stopping_; })) {
      locked.unlock();
      pause = work();
      locked.lock();
    }
  } catch (const std::exception&) {  // out of memory
  }
}

}  // namespace cistern::analyzer
