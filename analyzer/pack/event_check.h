// A checksum of events, not of their encoding: every reader can check that it read the events that were packed.
// FORMAT.md, "Packed segments", defines it. Cost: one multiplication per free, two per alloc.
#pragma once

#include <bit>
#include <cstdint>

#include "cistern/format/event.h"

namespace cistern::analyzer {

class EventCheck {
 public:
  // `what`: op and domain as in the event's tag. `time`: zigzag of the distance from the end of the event before.
  void add_free(unsigned what, uint64_t time, uint64_t address) noexcept {
    mix(address + std::rotl(time << kDomainAndOp | what, kTimeShift));
  }
  void add_alloc(unsigned what, uint64_t time, uint64_t address, uint64_t size, uint32_t stack) noexcept {
    add_free(what, time, address);
    mix(size ^ uint64_t{stack} << 32);
  }
  // Adds any event.
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

  // Bijective: two streams that differ in one word never agree afterwards.
  void mix(uint64_t word) noexcept { value_ = (std::rotl(value_, 32) ^ word) * kOdd; }

  uint64_t value_ = 0;
};

}  // namespace cistern::analyzer
