// Counters of threads in a file that outlives them. They are little-endian numbers at fixed offsets, so that a reader
// in any language finds them.
#pragma once

#include <atomic>
#include <cstdint>

namespace cistern_test {

constexpr uint64_t kCounterThreads = 4;

struct SharedCounters {
  std::atomic<uint32_t> ready;  // threads that have begun
  std::atomic<uint32_t> done;   // threads that have made all their calls
  uint32_t tid[kCounterThreads];
  std::atomic<uint64_t> completed[kCounterThreads];  // calls that have returned
};
static_assert(sizeof(SharedCounters) == 56);

}  // namespace cistern_test
