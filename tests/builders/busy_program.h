// A recording of a program that uses all that a snapshot must keep: arenas and pools, blocks that grow in place and
// move, mappings that are cut, marks, threads, an end state with events behind it. Random, and the same for the same
// seed.
#pragma once

#include <algorithm>
#include <random>
#include <vector>

#include "tests/builders/make_event.h"
#include "tests/builders/recording.h"

namespace cistern::analyzer {

class BusyProgram {
 public:
  explicit BusyProgram(uint32_t seed) : random_(seed) {
    r_.record(ClockPairRecord{kStart, 5'000'000'000, 1'600'000'000'000'000'000});
    r_.run_of("python3 busy.py");
    r_.python("3.11.2");
    for (uint32_t i = 0; i < 12; ++i) {
      stacks_.push_back(
          r_.stack({{"main", "/srv/busy.py", 1}, {"work", "/srv/busy.py", 10 + static_cast<int64_t>(i)}}));
    }
  }

  // Plays `count` events by three threads, the program's end among the last ones.
  Recording& play(int count) {
    r_.phase(kStart + 1, Phase::kStarting);
    for (int i = 0; i < count; ++i) {
      time_ += 1 + below(40);
      if (i == count / 20) r_.phase(time_++, Phase::kRunning);
      if (i % (count / 10) == count / 20) r_.mark(time_++, "round");
      if (i == count * 9 / 10) r_.phase(time_++, Phase::kExiting);
      if (i == count * 19 / 20) r_.phase(time_++, Phase::kCollecting);
      step();
      if (below(200) == 0) r_.seal(1 + below(3));
    }
    r_.phase(time_ + 1, Phase::kCollected);
    r_.end(time_ + 2, EndKind::kExit, 0);
    return r_;
  }

  uint64_t end_time() const { return time_; }

 private:
  struct Live {
    uint64_t address = 0;
    uint64_t size = 0;
  };
  uint32_t below(uint64_t bound) { return static_cast<uint32_t>(random_() % bound); }
  uint32_t stream_id() { return 1 + below(3); }
  StackId stack() { return stacks_[below(below(2) == 0 ? 3 : stacks_.size())]; }

  void step() {
    const uint32_t what = below(100);
    if (what < 2) return arena();
    if (what < 4) return mapping();
    if (what < 12 && !live_.empty()) return realloc();
    if (what < 50 && !live_.empty()) return free();
    const uint64_t address = place();
    const Live block{address, size_at(address)};
    r_.alloc(stream_id(), time_, block.address, block.size, stack(), below(4) == 0 ? Domain::kMem : Domain::kObj);
    live_.push_back(block);
  }

  void arena() {
    if (arenas_ == 20) return;
    const uint64_t address = kArenas + (arenas_++ << 20);
    r_.event(1, make_arena(false, time_, address, 1 << 20, stack()));
  }

  // A pool's class is by its number; in place a block may shrink below it.
  uint64_t size_at(uint64_t address) {
    if (address < kArenas) return 1 + below(500);
    return 1 + below(class_bytes(address >> 14));
  }
  static uint64_t class_bytes(uint64_t pool) { return 16 * (1 + pool % 32); }

  // A place nobody has: in a pool of an arena, or anywhere.
  uint64_t place() {
    for (;;) {
      const uint64_t pool = arenas_ == 0 ? 0 : below(arenas_ * 64);
      const uint64_t address = arenas_ == 0 || below(4) == 0
                                   ? 0x5000'0000 + below(4000) * uint64_t{512}
                                   : kArenas + (pool << 14) + 48 + below(31) * class_bytes(pool);
      const auto taken = [&](const Live& live) { return live.address == address; };
      if (std::none_of(live_.begin(), live_.end(), taken)) return address;
    }
  }

  void free() {
    const size_t which =
        below(3) == 0 ? below(live_.size()) : live_.size() - 1 - below(std::min<size_t>(live_.size(), 4));
    r_.free(stream_id(), time_, live_[which].address);
    live_.erase(live_.begin() + static_cast<ptrdiff_t>(which));
  }

  void realloc() {
    Live& block = live_[below(live_.size())];
    const uint64_t from = block.address;
    if (below(2) == 0) block.address = place();
    block.size = size_at(block.address);
    const uint64_t begin = time_;
    time_ += 1 + below(5);
    r_.realloc(stream_id(), begin, time_, from, block.address, block.size, stack());
  }

  void mapping() {
    const uint64_t address = 0x7e00'0000'0000 + below(64) * uint64_t{4096};
    if (below(2) == 0) return r_.map(stream_id(), time_, address, 4096 * (1 + below(8)), 0, stack());
    r_.unmap(stream_id(), time_, address, 4096 * (1 + below(8)));
  }

  static constexpr uint64_t kArenas = 0x7f00'0000'0000;
  std::mt19937 random_;
  Recording r_;
  std::vector<StackId> stacks_;
  std::vector<Live> live_;
  uint64_t arenas_ = 0;
  uint64_t time_ = kStart + 10;
};

}  // namespace cistern::analyzer
