// The gate that every hook passes: one word that says which domains are recorded now. It lies in a page that the kernel
// wipes in a forked child (MADV_WIPEONFORK, Linux 4.14; a vfork child shares it unwiped), so that a child of fork,
// _Fork or a raw clone finds zero and goes the slow way, before it touches anything of its parent's. Thread-local
// state: initial-exec, plain data.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "cistern/format/domain.h"
#include "preload/arch/arch.h"

namespace cistern::preload {

// Set while the gate's page has not been wiped; without it a hook must call wake().
constexpr uint32_t kAwake = 1u << 31;

struct alignas(kPageBytes) Gate {
  // DomainMask | kAwake. Acquire in hooks, pairs with open_gate(): who sees it open sees what recording rests on. A
  // hook may see a change one call late.
  std::atomic<uint32_t> mask;
  std::atomic<uint32_t> home;  // 1 in the process that armed the gate, and in its vfork children
  char rest[kPageBytes - 2 * sizeof(std::atomic<uint32_t>)];
};
extern Gate g_gate;

// Asks the kernel to wipe the gate in forked children. Returns false when it cannot; pthread_atfork is then the only
// way.
bool arm_gate() noexcept;

struct ThreadState;

// What a thread carries. `depth` counts the hooked calls that it is in: only the outermost is recorded.
struct ThreadGate {
  uint32_t depth;
  uint32_t started_at;  // StackId of the pthread_create that made this thread
  uint32_t started_by;  // StreamId of the thread that called it
  uint32_t locks;       // of the recorder, that it holds
  ThreadState* state;   // nullptr until the first event
};
extern thread_local constinit ThreadGate t_gate;

// The slow way: starts recording in a process that has not decided yet, or makes a new image of a forked child.
// Returns whether `domain` is recorded now. `caller` is the return address of the hook.
bool wake(Domain domain, const void* caller) noexcept;

// What the gate says of a call: to record it, to pass it on, or to ask wake().
enum class Way { kRecord, kPass, kAsk };

inline Way way_of(Domain domain) noexcept {
  if (t_gate.depth != 0) return Way::kPass;
  const uint32_t mask = g_gate.mask.load(std::memory_order_acquire);
  if (__builtin_expect((mask & bit_of(domain)) != 0, 1)) return Way::kRecord;
  return (mask & kAwake) != 0 ? Way::kPass : Way::kAsk;
}

// Whether the hook of `domain` records this call.
inline bool records(Domain domain, const void* caller) noexcept {
  const Way way = way_of(domain);
  return way == Way::kRecord || (way == Way::kAsk && wake(domain, caller));
}

// While one lives, what the thread calls is nested in a call that was counted (or is the recorder's own).
class Nested {
 public:
  Nested() noexcept { ++t_gate.depth; }
  ~Nested() { --t_gate.depth; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;
};

}  // namespace cistern::preload
