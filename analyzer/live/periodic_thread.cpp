#include "analyzer/live/periodic_thread.h"

#include <exception>
#include <utility>

namespace cistern::analyzer {

Rounds::Rounds(Pause first, std::function<Pause()> round)
    : thread_([this, first, round = std::move(round)] { work(first, round); }) {}

Rounds::~Rounds() {
  stop();
}

void Rounds::stop() {
  {
    const std::lock_guard locked(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Rounds::work(Pause pause, const std::function<Pause()>& round) {
  try {
    std::unique_lock locked(mutex_);
    while (!stop_.wait_for(locked, pause, [this] { return stopping_; })) {
      locked.unlock();
      pause = round();
      locked.lock();
    }
  } catch (const std::exception&) {  // no memory
  }
}

}  // namespace cistern::analyzer
