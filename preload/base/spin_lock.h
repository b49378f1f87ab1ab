// A lock for cold paths: constant-initialised, without destructor, reset in a forked child. Requires that the holder is
// inside the library (marked busy, or with a ReentrancyGuard), so that a signal handler never waits for a lock that its
// own thread holds. A thread that is cancelled never leaves a lock held.
#pragma once

#include <pthread.h>
#include <sys/syscall.h>

#include <atomic>

#include "preload/arch/arch.h"
#include "preload/base/thread_context.h"

namespace cistern::preload {

class SpinLock {
 public:
  void lock() noexcept {
    while (held_.exchange(true, std::memory_order_acquire)) {  // pairs with unlock()
      for (int i = 0; i < 100 && held_.load(std::memory_order_relaxed); ++i) spin_pause();
      if (held_.load(std::memory_order_relaxed)) raw_syscall(SYS_sched_yield);
    }
  }
  // Gives up after `turns` attempts. Returns whether the lock is held now.
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

// Holds a lock while it exists. Locks are released in the reverse order.
class Locked {
 public:
  explicit Locked(SpinLock& lock) noexcept : lock_(lock) {
    begin();
    lock_.lock();
    note();
  }
  // Gives up after `turns` attempts.
  Locked(SpinLock& lock, int turns) noexcept : lock_(lock) {
    begin();
    held_ = lock_.try_lock(turns);
    if (held_) note();
  }
  ~Locked() {
    if (held_) lock_.unlock();
    if (--t_context.locks == 0) pthread_setcanceltype(cancel_type_, nullptr);
  }
  explicit operator bool() const noexcept { return held_; }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  // Changes the cancel type and not the cancel state: when the state is enabled again, glibc 2.36 forgets the result
  // PTHREAD_CANCELED.
  void begin() noexcept {
    if (t_context.locks == 0) pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &cancel_type_);
    ++t_context.locks;
  }

  // For a thread that jumps out of the library: its locks would stay held.
  void note() noexcept {
    constexpr uint32_t kPlaces = sizeof t_context.held / sizeof t_context.held[0];
    if (t_context.locks <= kPlaces) t_context.held[t_context.locks - 1] = &lock_;
  }

  SpinLock& lock_;
  bool held_ = true;
  int cancel_type_ = 0;
};

}  // namespace cistern::preload
