// What the recorder keeps for each thread: its stream of events and its last stack. Made at the thread's first event
// and never freed: libc frees blocks after the last destructor of a thread has run. A new thread reuses the state of a
// dead one. Own memory only.
#pragma once

#include <atomic>
#include <cstdint>

#include "cistern/format/event.h"
#include "cistern/format/ids.h"
#include "preload/capture/mixed_stack.h"
#include "preload/capture/native_stack.h"
#include "preload/capture/python_stack.h"
#include "preload/recorder/event_clock.h"
#include "preload/ring/segment_stream.h"

namespace cistern::preload {

// How a thread's events reach the profile. Set by the thread that finalizes the window into the profile at the end.
enum class StreamMode : uint32_t {
  kWindow = 0,   // into the window
  kClaimed = 1,  // being finalized: the thread waits
  kThrough = 2,  // finalized: the thread writes each event through to the profile
};

constexpr uint32_t kUnused = 0;
constexpr uint32_t kBeingReused = UINT32_MAX;

struct ThreadState {
  SegmentStream stream;
  EventState codec;
  uint64_t events = 0;  // in the current segment
  // Not 0 while the thread is inside the recorder: the stack pointer there. Its own signal handlers then record
  // nothing, and the finalizing thread waits.
  std::atomic<uintptr_t> busy{0};
  std::atomic<StreamMode> mode{StreamMode::kWindow};
  uint32_t until_poll = 1;
  // Interpreter::own_holder_variable(), once the thread has searched for it; nullptr before, and where only the
  // interpreter's function knows the holder. Another thread resets it when the interpreter is unloaded.
  std::atomic<const uint8_t* const*> holder_variable{nullptr};
  std::atomic<bool> holder_searched{false};
  SharedTime shared_time;
  // The node below the outermost frame: the stack that started this thread. Another thread replaces it when an epoch
  // begins.
  std::atomic<StackId> base{};
  bool main = false;
  PythonStack python;
  NativeStack native;
  MixedStack mixed;

  // The fields of the thread record.
  StreamId stream_id{};
  StreamId started_by{};
  StackId started_at{};
  uint64_t first_time = 0;
  uint32_t tid = 0;
  uint64_t start_ticks = 0;
  // The stream id of the thread that uses this state; kUnused; or kBeingReused while a new thread reaps it. Stream ids
  // are never reused: the result of is_dead() still holds if a compare-exchange finds the same stream id here.
  std::atomic<uint32_t> used_by{0};
  std::atomic<bool> ended{false};  // thread_ends() was called; frees may still come
  char name[16] = {};
  ThreadState* next = nullptr;
};

}  // namespace cistern::preload
