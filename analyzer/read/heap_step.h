// A step: what one event does at one moment. A realloc or remap is two steps, a give-up of the old place and a taking
// of the new one, at their own times; everything else is one.
#pragma once

#include <cstdint>
#include <span>

#include "cistern/format/event.h"

namespace cistern::analyzer {

enum class HeapStepKind : uint8_t {
  kFree,            // address
  kReallocRelease,  // address: the old place
  kUnmap,           // address, size
  kRemapRelease,    // address, size: the old place
  kArenaFreed,      // address, size
  kAlloc,           // address, size, stack; from here on kinds take something
  kReallocAcquire,  // address, size, stack; old_address
  kMap,             // address, size, flags, stack
  kRemapAcquire,    // address, size, flags, stack; old_address
  kArenaMade,       // address, size, stack
};

constexpr bool acquires(HeapStepKind kind) noexcept {
  return kind >= HeapStepKind::kAlloc;
}

struct HeapStep {
  uint64_t time = 0;
  uint64_t address = 0;
  uint64_t size = 0;
  uint64_t old_address = 0;
  StackId stack{};
  uint32_t flags = 0;
  HeapStepKind kind = HeapStepKind::kFree;
  Domain domain = Domain::kMalloc;
};

// Steps of one stream, in order of time, none of another stream's between them.
struct StepRun {
  StreamId stream_id{};
  std::span<const HeapStep> steps;
};

}  // namespace cistern::analyzer
