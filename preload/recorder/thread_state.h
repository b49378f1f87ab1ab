// What the recorder keeps for each thread: its stream of events, its last stack. Made at a thread's first event, never
// destroyed (libc frees blocks after the last destructor of a thread has run); that of a dead thread is taken over by a
// new one. Own memory only.
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
  kClaimed = 1,  // being finalized: the stream waits
  kThrough = 2,  // finalized: each event is written to the file at once
};

constexpr uint32_t kUnused = 0;
constexpr uint32_t kBeingReused = UINT32_MAX;

struct ThreadState {
  SegmentStream stream;
  EventState codec;
  uint64_t events = 0;  // in the current segment
  // 1 while the thread is inside the recorder: its own signal handlers see it and stay out, and the finalizing thread
  // waits.
  std::atomic<uint32_t> busy{0};
  std::atomic<StreamMode> mode{StreamMode::kWindow};
  uint32_t until_poll = 1;
  // Interpreter::own_holder_variable(), once the thread has asked; nullptr before, and where the function must be
  // asked. Another thread empties it when the interpreter is unloaded.
  std::atomic<const uint8_t* const*> holder_variable{nullptr};
  std::atomic<bool> holder_searched{false};
  SharedTime shared_time;
  // What the outermost frame is called from: the stack that started this thread. Another thread replaces it when
  // definitions begin anew, before the epoch changes.
  std::atomic<StackId> base{};
  bool main = false;
  PythonStack python;
  NativeStack native;
  MixedStack mixed;

  // As its thread record says.
  StreamId stream_id{};
  StreamId started_by{};
  StackId started_at{};
  uint64_t first_time = 0;
  uint32_t tid = 0;
  uint64_t start_ticks = 0;
  // The stream id of the thread whose state this is, which is never given twice; kUnused; or kBeingReused while a new
  // thread buries a dead one's. What is_dead() found of an used_by holds if a compare-exchange still finds it there.
  std::atomic<uint32_t> used_by{0};
  std::atomic<bool> ended{false};  // its start routine has returned, or pthread_exit was called; late frees may come
  char name[16] = {};
  ThreadState* next = nullptr;
};

}  // namespace cistern::preload
