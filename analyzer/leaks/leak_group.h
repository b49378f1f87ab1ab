// A group of blocks that were still alive: one stack (by function, file and line), one domain, over all processes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "analyzer/leaks/growth.h"
#include "analyzer/model/sites.h"
#include "analyzer/symbols/call_tree.h"
#include "cistern/format/domain.h"

namespace cistern::analyzer {

// Why it is alive.
enum class LeakKind : uint8_t {
  kUnknown,  // no census was taken
};
constexpr std::string_view name_of(LeakKind kind) noexcept {
  switch (kind) {
    case LeakKind::kUnknown:
      break;
  }
  return "unknown";
}

struct LeakGroup {
  LeakKind kind = LeakKind::kUnknown;
  NodeId stack{};
  Domain domain = Domain::kMalloc;
  Amount amount;
  int64_t first_birth_ns = 0;  // since the profile's first image began
  int64_t last_birth_ns = 0;
  uint32_t images = 0;  // that have blocks in it
  // Garbage that awaited a collection: the interpreter's last one freed it. It says nothing of growth.
  Amount collectable;
  GrowthFinding growth;
  // Few bytes, in a large heap: an interpreter's caches fill like that, and without marks nobody can tell.
  bool slight = false;

  // Only what grows on is a leak; once there is a census, the kinds lost, refleak and cycle are leaks too.
  bool is_leak() const noexcept {
    return growth.growth == Growth::kMarked || (growth.growth == Growth::kSteady && !slight);
  }

  // Bytes over the time between the first and the last birth; nothing when they are the same.
  std::optional<double> bytes_per_second() const noexcept {
    if (amount.blocks < 2 || last_birth_ns <= first_birth_ns) return std::nullopt;
    return static_cast<double>(amount.bytes) * 1e9 / static_cast<double>(last_birth_ns - first_birth_ns);
  }
  std::optional<double> blocks_per_second() const noexcept {
    const auto bytes = bytes_per_second();
    if (!bytes || amount.bytes == 0) return std::nullopt;
    return *bytes * static_cast<double>(amount.blocks) / static_cast<double>(amount.bytes);
  }
};

}  // namespace cistern::analyzer
