// A checksum of events as they are, not of the bytes that say them: whoever reads them, in whatever form, can tell
// whether they are those that were packed. FORMAT.md, "Packed segments", has its definition. Cost: a multiplication for
// a free, two for an alloc.
#pragma once

#include <bit>
#include <cstdint>

#include "cistern/format/event.h"

namespace cistern::analyzer {

class EventCheck {
 public:
  // `what` is op and domain as in the event's tag; `time` the distance from the end of the event before, zigzagged.
  void add_free(unsigned what, uint64_t time, uint64_t address) noexcept {
    mix(address + std::rotl(time << kDomainAndOp | what, kTimeShift));
  }
  void add_alloc(unsigned what, uint64_t time, uint64_t address, uint64_t size, uint32_t stack) noexcept {
    add_free(what, time, address);
    mix(size ^ uint64_t{stack} << 32);
  }
  // Any event.
  void add(unsigned what, uint64_t time, const Event& event) noexcept {
    if (event.op == Op::kFree) return add_free(what, time, event.address);
    add_alloc(what, time, event.address, event.size, raw(event.stack));
    if (event.op == Op::kAlloc) return;
    mix(event.end_time - event.time + (uint64_t{event.flags} << 32));
    if (event.op == Op::kRealloc || event.op == Op::kRemap) mix(event.old_address);
    if (event.op == Op::kRemap) mix(event.old_size);
  }

  uint64_t value() const noexcept { return value_; }

 private:
  static constexpr unsigned kDomainAndOp = 6;
  static constexpr int kTimeShift = 48;
  static constexpr uint64_t kOdd = 0x9E3779B97F4A7C15u;  // 2⁶⁴ ÷ the golden ratio

  // One to one: two streams that differ in one word never agree afterwards.
  void mix(uint64_t word) noexcept { value_ = (std::rotl(value_, 32) ^ word) * kOdd; }

  uint64_t value_ = 0;
};

}  // namespace cistern::analyzer
