// The window: the shared mapping into which threads encode. It outlives the process that wrote it, so that a killed
// process loses nothing that was published. Layout of a window file:
//     0                ProfileHeader, role kWindow
//     4096             WindowControl
//     16384 + i*256Ki  slot i: SlotControl, SegmentHeader, payload
// Slots are made on demand; the file is sparse.
#pragma once

#include <cstdint>

#include "cistern/format/segment.h"

namespace cistern {

constexpr uint64_t kWindowControlOffset = 4096;
constexpr uint64_t kWindowSlotsOffset = 16384;
constexpr uint64_t kSlotStride = kMaxSegmentBytes;

enum class SlotState : uint32_t {
  kFree = 0,    // nothing in it that is not in the profile file
  kOwned = 1,   // a thread writes into it; `published` payload bytes are valid
  kSealed = 2,  // complete, on its way to the profile file, where it may already be
};

// Partner of every access from another thread: `state` and `published` are stored with release and loaded with acquire.
struct SlotControl {
  uint32_t state;      // SlotState
  uint32_t published;  // payload bytes that are valid
  uint32_t capacity;   // payload bytes that fit
  uint32_t tid;        // of the owning thread
  uint64_t thread_start_ticks;
  uint64_t reserved[5];
};
static_assert(sizeof(SlotControl) == 64);
constexpr uint32_t kSlotOverheadBytes = sizeof(SlotControl) + sizeof(SegmentHeader);
constexpr uint32_t kMaxPayloadBytes = kMaxSegmentBytes - kSlotOverheadBytes;

// What was not recorded, and what needs knowing to trust the rest. Indices into WindowControl::counters, and the order
// of the fields in a losses record.
enum class Counter : uint32_t {
  kLostEvents = 0,       // events of the chosen domains that could not be written
  kGuardedEvents = 1,    // of those: calls that interrupted the recorder itself (signal handlers)
  kPassThrough = 2,      // calls served before the recorder was ready, or while it resolved symbols
  kBootstrapBlocks = 3,  // blocks served from the bootstrap pool
  kStackTableFull = 4,   // stacks that collapsed into the node "stack table full"
  kRetiredCodes = 5,     // code objects that were freed after they had been defined
  kStoppedEvents = 6,    // events that were not recorded because recording had stopped for want of room
  kReinstalls = 7,       // times that CPython's allocator hooks had to be installed again
  kOverwritten = 8,      // segments that were given up for newer ones in overwrite mode
  kPythonOff = 9,        // 1: Python stacks were switched off, see the interpreter record
};
constexpr uint32_t kCounters = 16;

// A request to the recorder, written by another process and polled by the recorder.
struct Mailbox {
  uint32_t request;  // incremented by the writer when a command is complete
  uint32_t done;     // set to `request` by the recorder
  uint32_t command;  // MailboxCommand
  uint32_t result;   // errno value
  char name[240];    // of a mark, NUL-terminated
};
static_assert(sizeof(Mailbox) == 256);

enum class MailboxCommand : uint32_t { kNone = 0, kStart = 1, kStop = 2, kMark = 3, kFlush = 4, kCensus = 5 };

// Written as a whole by `cistern run` every few milliseconds, as the sign that time passes.
struct CoarseClock {
  uint32_t count;   // counted up; 0: by nobody
  uint32_t holder;  // set to 0 then; by the recorder to the mark of the thread whose last stamp may serve again
};
static_assert(sizeof(CoarseClock) == 8);

struct WindowControl {
  uint64_t file_end;    // where the next segment goes in the profile file
  uint32_t slots;       // that were ever made
  uint32_t slot_bytes;  // kSlotStride
  uint64_t counters[kCounters];
  Mailbox mailbox;
  uint64_t saved_bytes;  // of the profile file before `file_end`: taken out and packed elsewhere, less what that took
  CoarseClock beat;
  uint64_t reserved[30];
};
static_assert(sizeof(WindowControl) == 16 + 8 * kCounters + 256 + 256);

}  // namespace cistern
