// A lock for cold paths: constant-initialised, without destructor, reset in a forked child. Held only inside the
// recorder (a thread that holds it is marked busy or nested, so a signal handler never waits for its own thread), and
// never left behind by a thread that is cancelled.
#pragma once

#include <pthread.h>
#include <sys/syscall.h>

#include <atomic>

#include "preload/arch/arch.h"
#include "preload/base/recording_switch.h"

namespace cistern::preload {

class SpinLock {
 public:
  void lock() noexcept {
    while (held_.exchange(true, std::memory_order_acquire)) {  // pairs with unlock()
      for (int i = 0; i < 100 && held_.load(std::memory_order_relaxed); ++i) spin_pause();
      if (held_.load(std::memory_order_relaxed)) raw_syscall(SYS_sched_yield);
    }
  }
  // Gives up after `turns` of waiting. Returns whether it is held now.
  bool try_lock(int turns) noexcept {
    while (held_.exchange(true, std::memory_order_acquire)) {  // pairs with unlock()
      if (turns-- == 0) return false;
      raw_syscall(SYS_sched_yield);
    }
    return true;
  }
  void unlock() noexcept { held_.store(false, std::memory_order_release); }
  // Only in a forked child, which has one thread.
  void reset() noexcept { held_.store(false, std::memory_order_relaxed); }

 private:
  std::atomic<bool> held_{false};
};

// Locks are held inside each other, the last taken first given back.
class Locked {
 public:
  explicit Locked(SpinLock& lock) noexcept : lock_(lock) {
    begin();
    lock_.lock();
  }
  // For a caller that may be inside another lock of the program's: gives up after `turns` of waiting.
  Locked(SpinLock& lock, int turns) noexcept : lock_(lock) {
    begin();
    held_ = lock_.try_lock(turns);
  }
  ~Locked() {
    if (held_) lock_.unlock();
    if (--t_gate.locks == 0) pthread_setcanceltype(cancel_type_, nullptr);
  }
  explicit operator bool() const noexcept { return held_; }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  // Not the cancel state: glibc 2.36 forgets the result PTHREAD_CANCELED when that is enabled again.
  void begin() noexcept {
    if (t_gate.locks == 0) pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &cancel_type_);
    ++t_gate.locks;
  }

  SpinLock& lock_;
  bool held_ = true;
  int cancel_type_ = 0;
};

}  // namespace cistern::preload
