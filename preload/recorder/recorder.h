// The recorder of this process: its state, and how it begins, goes on in a forked child, and ends. One object,
// constant- initialised, never destroyed. The hot path is in events.h.
#pragma once

#include <atomic>
#include <cstdint>

#include "cistern/format/image_records.h"
#include "cistern/format/options.h"
#include "cistern/format/profile_header.h"
#include "preload/base/file_identity.h"
#include "preload/base/text.h"
#include "preload/capture/layout_check.h"
#include "preload/capture/native_stack.h"
#include "preload/cpython/collector.h"
#include "preload/cpython/interpreter.h"
#include "preload/intern/interner.h"
#include "preload/recorder/phases.h"
#include "preload/recorder/coarse_clock.h"
#include "preload/recorder/thread_state.h"
#include "preload/ring/record_stream.h"
#include "preload/ring/segment_stream.h"

namespace cistern::preload {

enum class RecorderState : uint32_t {
  kUnstarted,
  kStarting,   // one thread is starting, or making a forked child's image
  kWaiting,    // there is no Python yet, and only Python is followed
  kRecording,  // or paused by cistern_stop(): the gate says which
  kOff,        // never recorded, or not any more
};

// In overwrite mode, see renewal.h.
struct Renewal {
  std::atomic<bool> running{false};
  std::atomic<uint64_t> chunk{1};  // chunks that had been begun when definitions last began anew
  uint64_t number = 0;             // how often they did
};

struct Recorder {
  std::atomic<RecorderState> state{RecorderState::kUnstarted};
  Options options;
  SegmentStore segments;
  RecordStream records;
  Interner interner;
  Phases phases;
  Stamps stamps;
  CollectorPoll collector;
  LayoutCheck layout_check;
  NativeCodes native_codes;
  DomainMask native_domains = 0;  // whose blocks have native frames
  ProfileHeader header{};
  PathText first_profile;         // of the first image of this run: where all files are
  FileIdentity folder;            // that it lies in
  FileIdentity images_directory;  // beside it
  bool is_first_image = true;
  bool forked = false;              // this image began in a forked child
  bool python_stacks = false;       // g_python.layout may be used
  std::atomic<bool> paused{false};  // by the program; a forked child goes on as its parent was
  // The process in which libc's own locks are not held by threads that are not there: not a child of a raw clone.
  std::atomic<uint32_t> libc_whole_in{0};
  std::atomic<uint32_t> starting_pid{0};  // the process of the thread that took RecorderState::kStarting
  // The window has been finalized into the profile: streams write through.
  std::atomic<bool> finalized{false};
  std::atomic<ThreadState*> threads{nullptr};
  std::atomic<uint32_t> last_stream_id{0};
  std::atomic<uint64_t> last_sample_ns{0};
  Text<16 * 1024> options_text;  // CISTERN_OPTIONS as it was; `options` has views into it
  InstallRecord install;         // the last one; time 0: none
  SpinLock threads_lock;         // of what threads are, while one begins or definitions are made anew
  Renewal renewal;

  std::atomic_ref<uint64_t> counter(Counter which) noexcept {
    return std::atomic_ref<uint64_t>(segments.window.control().counters[static_cast<uint32_t>(which)]);
  }
  void count(Counter which) noexcept { counter(which).fetch_add(1, std::memory_order_relaxed); }
};
extern Recorder g_recorder;

// Stops recording for good after a failure (disk full, size limit) and says so, once. What was recorded stays.
void fail_recording() noexcept;

// The calling thread's state, made now. nullptr when there is no memory or no slot. Cold.
ThreadState* attach_thread() noexcept;

// Ends the image's profile: writes what is known at the end, finalizes the window into the profile and removes it, as far
// as other threads let it. Events that still come are written through. `how` and `code` as in EndRecord.
void finish_image(EndKind how, int64_t code) noexcept;

// Whether the calling process is the one whose image is recorded: not a vfork child in its parent's memory.
bool in_recorded_process() noexcept;

// Opens or closes the gate for the chosen domains.
void open_gate() noexcept;
void close_gate() noexcept;

}  // namespace cistern::preload
