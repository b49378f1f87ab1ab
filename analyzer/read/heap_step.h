// A heap step: one change of the heap at one moment. A realloc or remap consists of two steps with times of their own:
// the release of the old place and the acquisition of the new one. Every other event is one step.
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
  kAlloc,           // address, size, stack; this kind and the following ones acquire memory
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

// Consecutive steps of one stream, in order of time. No step of another stream is between them.
struct StepRun {
  StreamId stream_id{};
  std::span<const HeapStep> steps;
};

}  // namespace cistern::analyzer
