// A lock for cold paths: constant-initialised, without destructor, reset in a forked child. Held only inside the
// recorder (a thread that holds it is marked busy or nested, so a signal handler never waits for its own thread), and
// never left behind by a thread that is cancelled.
#pragma once

#include <pthread.h>
#include <sys/syscall.h>

#include <atomic>

#include "preload/base/arch.h"
#include "preload/base/gate.h"

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
  explicit Locked(SpinLock& lock) noexcept : lock_(lock) {
    // Not the cancel state: glibc 2.36 forgets the result PTHREAD_CANCELED when that is enabled again.
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &cancel_type_);
    ++t_gate.locks;
    lock_.lock();
  }
  ~Locked() {
    lock_.unlock();
    --t_gate.locks;
    pthread_setcanceltype(cancel_type_, nullptr);
  }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  SpinLock& lock_;
  int cancel_type_;
};

}  // namespace cistern::preload
