// The end state: the moment at which live blocks are survivors, after the program's own work and before anything is
// torn down.
#pragma once

#include <cstdint>
#include <string_view>

#include "analyzer/read/image.h"

namespace cistern::analyzer {

enum class EndStateKind : uint8_t {
  kExiting,     // the root frame has returned and threads are joined, before atexit callbacks
  kFinalizing,  // the interpreter began to finalize
  kRootLeft,    // the root frame has returned
  kStreamEnd,   // _exit, exec, a signal, or unknown: the last event
};

struct EndState {
  EndStateKind kind = EndStateKind::kStreamEnd;
  uint64_t time = UINT64_MAX;  // events earlier than this count
};

// The last kExiting; else the first kFinalizing; else the last kRootLeft; else the end of the stream. A moment after
// which the program continued does not count, such as an exit that was caught or an embedded interpreter that was
// restarted.
EndState end_state_of(const ProcessEvents& process_events);

// The same for an image. When a snapshot replaces the events at that moment, it is the time of the snapshot; or the end
// of the stream, if only the main module had returned while threads continued.
EndState end_state_of(const Image& image);

// "exiting", "finalizing", "root left", "stream end".
std::string_view name_of(EndStateKind kind);
// The same as a clause for people.
std::string_view describe(EndStateKind kind);

}  // namespace cistern::analyzer
