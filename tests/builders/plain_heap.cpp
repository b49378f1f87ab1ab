#include "tests/builders/plain_heap.h"

#include <string>

namespace cistern::analyzer {
namespace {

class Player {
 public:
  Player(uint32_t seed, uint32_t threads, Recording& recording)
      : random_(seed), threads_(threads), recording_(recording) {
    for (int i = 0; i < 7; ++i) {
      stacks_.push_back(
          recording.stack({{"main", "/srv/app.py", 10}, {"f" + std::to_string(i), "/srv/app.py", 20 + i}}));
    }
  }

  void step() {
    time_ += pick(40);
    const uint32_t stream_id = 1 + static_cast<uint32_t>(pick(threads_));
    const uint64_t what = pick(10);
    if (what < 5 || heap_.blocks.empty()) {
      alloc(stream_id);
    } else if (what < 8) {
      free(stream_id);
    } else {
      realloc(stream_id);
    }
    heap_.note(time_);
    if (pick(50) == 0) recording_.seal(stream_id);
  }

  PlainHeap& heap() { return heap_; }

 private:
  uint64_t pick(uint64_t below) { return std::uniform_int_distribution<uint64_t>(0, below - 1)(random_); }
  StackId any_stack() { return stacks_[pick(stacks_.size())]; }
  // Few addresses, so that they are used again soon.
  uint64_t free_address() {
    for (;;) {
      const uint64_t address = 0x10000 + pick(400) * 16;
      if (!heap_.blocks.contains(address)) return address;
    }
  }
  uint64_t live_address() {
    auto at = heap_.blocks.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(pick(heap_.blocks.size())));
    return at->first;
  }

  void alloc(uint32_t stream_id) {
    if (heap_.blocks.size() > 300) return free(stream_id);
    const PlainBlock block{pick(1000), ++time_, any_stack(), stream_id};
    const uint64_t address = free_address();
    recording_.alloc(stream_id, time_, address, block.size, block.stack);
    heap_.blocks[address] = block;
  }
  void free(uint32_t stream_id) {
    const uint64_t address = live_address();
    recording_.free(stream_id, ++time_, address);
    heap_.blocks.erase(address);
  }
  void realloc(uint32_t stream_id) {
    const uint64_t from = live_address();
    const PlainBlock old = heap_.blocks[from];
    heap_.blocks.erase(from);
    const uint64_t begin = ++time_;
    time_ += pick(30);
    const uint64_t to = pick(2) == 0 ? from : free_address();
    const PlainBlock block{pick(1000), old.birth, any_stack(), stream_id};
    recording_.realloc(stream_id, begin, ++time_, from, to, block.size, block.stack);
    heap_.blocks[to] = block;
  }

  std::mt19937 random_;
  uint32_t threads_;
  Recording& recording_;
  PlainHeap heap_;
  std::vector<StackId> stacks_;
  uint64_t time_ = kStart;
};

}  // namespace

uint64_t PlainHeap::bytes() const {
  uint64_t sum = 0;
  for (const auto& [address, block] : blocks) sum += block.size;
  return sum;
}

void PlainHeap::note(uint64_t time) {
  if (bytes() <= peak_bytes) return;
  peak_bytes = bytes();
  peak_time = time;
  at_peak = blocks;
}

PlainHeap play_random_events(uint32_t seed, int count, uint32_t threads, Recording& recording) {
  Player player(seed, threads, recording);
  for (int i = 0; i < count; ++i) player.step();
  return player.heap();
}

}  // namespace cistern::analyzer
