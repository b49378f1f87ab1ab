// A second, simple heap model: a std::map of blocks, with all sums computed when they are asked for. The oracle for
// random streams.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include "cistern/format/event.h"
#include "tests/builders/recording.h"

namespace cistern::analyzer {

struct PlainBlock {
  uint64_t size = 0;
  uint64_t birth = 0;
  StackId stack{};
  uint32_t stream_id = 0;
};

struct PlainHeap {
  std::map<uint64_t, PlainBlock> blocks;
  uint64_t peak_bytes = 0;
  uint64_t peak_time = 0;
  std::map<uint64_t, PlainBlock> at_peak;

  uint64_t bytes() const;
  void note(uint64_t time);
};

// Makes `count` random allocations, frees and reallocs by `threads` threads, blocks handed over between them and
// addresses used again, into `recording`, with segments sealed at random, and plays them on a plain heap.
PlainHeap play_random_events(uint32_t seed, int count, uint32_t threads, Recording& recording);

}  // namespace cistern::analyzer
