// The moment at which what is still alive says something: when the program's own part has ended and nothing has been
// torn down yet.
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

// What the program took back by running on does not count: an exit, or the end of one life of an embedded interpreter.
// The last kExiting; else the first kFinalizing; else the last kRootLeft; else the end of the stream.
EndState end_state_of(const ProcessEvents& process_events);

// The same for an image. Where totals stand for the events up to that moment and further, the moment from which on
// there are events; or the end of the stream, when only the main module had returned, and threads worked on.
EndState end_state_of(const Image& image);

// "exiting", "finalizing", "root left", "stream end".
std::string_view name_of(EndStateKind kind);
// The same as a clause.
std::string_view describe(EndStateKind kind);

}  // namespace cistern::analyzer
