// The recorder of this process: its state, and the switches that start and stop it. One object, constant-initialised,
// never destroyed. The hot path is in events.h.
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
#include "preload/recorder/event_clock.h"
#include "preload/recorder/hook_callbacks.h"
#include "preload/recorder/phases.h"
#include "preload/recorder/thread_state.h"
#include "preload/ring/record_stream.h"
#include "preload/ring/segment_stream.h"

namespace cistern::preload {

enum class RecorderState : uint32_t {
  kUnstarted,
  kStarting,   // one thread is starting, or making a forked child's image
  kWaiting,    // no interpreter is loaded yet, and other programs are not recorded
  kRecording,  // or paused by cistern_stop(): see the recording switch
  kOff,        // never recorded, or stopped for good
};

// In overwrite mode; see epoch.h.
struct EpochState {
  std::atomic<bool> beginning{false};  // a thread begins one
  std::atomic<uint64_t> chunk{1};      // chunks that had been begun when the current epoch began
  uint64_t number = 0;                 // of the current epoch
};

struct Recorder {
  std::atomic<RecorderState> state{RecorderState::kUnstarted};
  const HookCallbacks* hooks = &kNoHooks;  // set by the thread that starts recording
  Options options;
  SegmentStore segments;
  RecordStream records;
  Interner interner;
  Phases phases;
  EventClock event_clock;
  CollectorPoll collector;
  LayoutCheck layout_check;
  NativeCodes native_codes;
  DomainMask native_domains = 0;  // whose blocks have native frames
  ProfileHeader header{};
  PathText first_profile;         // of the first image of this run; the files of all images lie beside it
  FileIdentity folder;            // the directory that it lies in
  FileIdentity images_directory;  // the directory beside it
  bool is_first_image = true;
  bool forked = false;              // this image began in a forked child
  bool python_stacks = false;       // g_python.layout may be used
  std::atomic<bool> paused{false};  // by the program; a forked child continues in its parent's state
  // The process in which no thread that does not exist holds a lock of libc: not a child of a raw clone().
  std::atomic<uint32_t> libc_locks_free_in{0};
  std::atomic<uint32_t> starting_pid{0};  // the process of the thread that claimed RecorderState::kStarting
  // The window has been finalized into the profile: streams write to the file directly.
  std::atomic<bool> finalized{false};
  std::atomic<ThreadState*> threads{nullptr};
  std::atomic<uint32_t> last_stream_id{0};
  std::atomic<uint64_t> last_sample_ns{0};
  Text<16 * 1024> options_text;  // CISTERN_OPTIONS as it was; `options` has views into it
  InstallRecord install;         // the last one; time 0: none
  SpinLock threads_lock;         // held while a thread's stream begins, and while an epoch begins
  EpochState epoch;

  std::atomic_ref<uint64_t> counter(Counter which) noexcept {
    return std::atomic_ref<uint64_t>(segments.window.control().counters[static_cast<uint32_t>(which)]);
  }
  void count(Counter which) noexcept { counter(which).fetch_add(1, std::memory_order_relaxed); }
};
extern Recorder g_recorder;

// Turns the recording switch on for the chosen domains, or off for all of them.
void switch_recording_on() noexcept;
void switch_recording_off() noexcept;

// Changes the state from `from` to kStarting. Returns whether the calling thread did it.
bool claim_starting(RecorderState from) noexcept;

// This process is not recorded. Prints a message as print_once() does, unless `what` is empty.
void decline_recording(std::string_view what = {}, std::string_view where = {}, std::string_view why = {}) noexcept;

// Stops recording for good after a failure (disk full, size limit) and prints why. What was recorded stays.
void fail_recording() noexcept;

// Whether the calling process is the one whose image is recorded: not a vfork child in its parent's memory.
bool in_recorded_process() noexcept;

// Whether recording has stopped for good in the calling process, whose window says why.
bool has_stopped() noexcept;

// Whether the calling thread may write records now. Not in a signal handler that interrupted the recorder: it must not
// wait for a lock that its own thread holds.
bool may_write_records() noexcept;

}  // namespace cistern::preload
