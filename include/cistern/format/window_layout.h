// The window: the shared mapping into which threads encode. It outlives its process, so a killed process loses nothing
// that was published. Layout of a window file:
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
  kFree = 0,    // everything in it is in the profile
  kOwned = 1,   // a thread writes into it; `published` payload bytes are valid
  kSealed = 2,  // complete; it may already be in the profile
};

// `state` and `published` are stored with release order, and loaded by other threads and processes with acquire order.
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

// Counts of what was not recorded, and of what affects how far a profile can be trusted. Indices into
// WindowControl::counters; also the order of the counters in a losses record.
enum class Counter : uint32_t {
  kLostEvents = 0,        // events of the chosen domains that could not be written
  kGuardedEvents = 1,     // of those: calls that interrupted the recorder itself (signal handlers)
  kReserved2 = 2,         // always 0; reports print it as "pass_through"
  kBootstrapBlocks = 3,   // blocks that came from the bootstrap pool
  kStackTableFull = 4,    // stacks that became the node "stack table full"
  kRetiredCodes = 5,      // code objects that were freed after they had been defined
  kStoppedEvents = 6,     // events after recording had stopped because the profile was full
  kReinstalls = 7,        // times that CPython's allocator hooks had to be installed again
  kOverwritten = 8,       // segments that were overwritten by newer ones
  kPythonOff = 9,         // 1: Python stacks were switched off, see the interpreter record
  kUnnotedChildren = 10,  // processes that could not note what became of them
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

// Written as a whole by `cistern run` every few milliseconds.
struct CoarseClock {
  uint32_t count;   // incremented; 0: no clock
  uint32_t holder;  // set to 0 with it; the recorder sets it to a number of the thread that may use its last time again
};
static_assert(sizeof(CoarseClock) == 8);

// Why recording stopped for good before the end of the image.
enum class StopReason : uint32_t {
  kNone = 0,           // it has not stopped
  kSizeLimit = 1,      // the profile reached the option max-size
  kFileSizeLimit = 2,  // RLIMIT_FSIZE
  kNoSpace = 3,        // the disk, or the user's quota, is full
  kNoPermission = 4,   // the kernel refuses to write
  kDeleted = 5,        // the profile was deleted
  kTruncated = 6,      // the profile was made shorter
  kDescriptor = 7,     // the program closed the profile's descriptor, and it cannot be opened again
  kOther = 8,          // see `error`
  kJump = 9,           // a signal handler of the program jumped out of the recorder while it wrote definitions
};

// When and why recording stopped; written by the recorder where the profile cannot be written any more. All zero while
// it has not stopped. `time` is stored last, with release order.
struct StopState {
  uint64_t time;
  uint32_t reason;               // StopReason
  uint32_t error;                // errno value
  uint64_t resident_bytes;       // of the process at that time; 0: not known
  uint64_t end_time;             // of the image; 0: it has not ended, or was killed
  uint64_t peak_resident_bytes;  // greatest of the process until its end; 0: not known
  uint32_t end_how;              // EndKind
  int32_t end_code;
};
static_assert(sizeof(StopState) == 48);

struct WindowControl {
  uint64_t file_end;    // offset of the next segment in the profile
  uint32_t slots;       // that were ever made
  uint32_t slot_bytes;  // kSlotStride
  uint64_t counters[kCounters];
  Mailbox mailbox;
  uint64_t saved_bytes;  // bytes before `file_end` that are packed elsewhere, minus their packed size
  CoarseClock coarse_clock;
  StopState stop;
  uint64_t reserved[24];
};
static_assert(sizeof(WindowControl) == 16 + 8 * kCounters + 256 + 256);

}  // namespace cistern
