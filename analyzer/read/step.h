// A step: what one event does at one moment. A realloc or remap is two steps, a give-up of the old place and a taking
// of the new one, at their own times; everything else is one.
#pragma once

#include <cstdint>
#include <span>

#include "cistern/format/event.h"

namespace cistern::analyzer {

enum class StepKind : uint8_t {
  kFree,         // address
  kReallocGive,  // address: the old place
  kUnmap,        // address, size
  kRemapGive,    // address, size: the old place
  kArenaFreed,   // address, size
  kAlloc,        // address, size, stack; from here on kinds take something
  kReallocTake,  // address, size, stack; old_address
  kMap,          // address, size, flags, stack
  kRemapTake,    // address, size, flags, stack; old_address
  kArenaMade,    // address, size, stack
};

constexpr bool takes(StepKind kind) noexcept {
  return kind >= StepKind::kAlloc;
}

struct Step {
  uint64_t time = 0;
  uint64_t address = 0;
  uint64_t size = 0;
  uint64_t old_address = 0;
  StackId stack{};
  uint32_t flags = 0;
  StepKind kind = StepKind::kFree;
  Domain domain = Domain::kMalloc;
};

// Steps of one stream, in order of time, none of another stream's between them.
struct Run {
  StreamId stream_id{};
  std::span<const Step> steps;
};

}  // namespace cistern::analyzer
