// A group of blocks that were still alive: one stack (by function, file and line), one domain, over all processes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "analyzer/model/sites.h"
#include "analyzer/symbols/call_tree.h"
#include "cistern/domain.h"

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

  // Bytes over the time between the first and the last birth; nothing when they are the same.
  std::optional<double> bytes_per_second() const noexcept {
    if (amount.blocks < 2 || last_birth_ns <= first_birth_ns) return std::nullopt;
    return static_cast<double>(amount.bytes) * 1e9 / static_cast<double>(last_birth_ns - first_birth_ns);
  }
};

}  // namespace cistern::analyzer
