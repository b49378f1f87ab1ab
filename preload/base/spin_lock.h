// A lock for cold paths: constant-initialised, without destructor, reset in a forked child. Held only inside the
// recorder (a thread that holds it is marked busy, so a signal handler never waits for its own thread).
#pragma once

#include <sys/syscall.h>

#include <atomic>

#include "preload/base/arch.h"

namespace cistern::preload {

class SpinLock {
 public:
  void lock() noexcept {
    while (held_.exchange(true, std::memory_order_acquire)) {  // pairs with unlock()
      for (int i = 0; i < 100 && held_.load(std::memory_order_relaxed); ++i) spin_pause();
      if (held_.load(std::memory_order_relaxed)) raw_syscall(SYS_sched_yield);
    }
  }
  void unlock() noexcept { held_.store(false, std::memory_order_release); }
  // Only in a forked child, which has one thread.
  void reset() noexcept { held_.store(false, std::memory_order_relaxed); }

 private:
  std::atomic<bool> held_{false};
};

class Locked {
 public:
  explicit Locked(SpinLock& lock) noexcept : lock_(lock) { lock_.lock(); }
  ~Locked() { lock_.unlock(); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  SpinLock& lock_;
};

}  // namespace cistern::preload
