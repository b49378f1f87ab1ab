// A group of live blocks: one stack (by function, file and line), one domain, all processes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "analyzer/leaks/growth.h"
#include "analyzer/model/sites.h"
#include "analyzer/symbols/call_tree.h"
#include "cistern/format/domain.h"

namespace cistern::analyzer {

// Why a group is alive.
enum class LeakKind : uint8_t {
  kUnknown,  // no census of the objects was taken
};
constexpr std::string_view name_of(LeakKind kind) noexcept {
  switch (kind) {
    case LeakKind::kUnknown:
      break;
  }
  return "unknown";
}

constexpr size_t kNamedProcesses = 16;  // of a group

struct LeakGroup {
  LeakKind kind = LeakKind::kUnknown;
  NodeId stack{};
  Domain domain = Domain::kMalloc;
  Amount amount;
  int64_t first_birth_ns = 0;  // since the profile's first image began
  int64_t last_birth_ns = 0;
  uint32_t images = 0;         // number of images with blocks in it
  std::vector<uint32_t> pids;  // of the first of these, at most kNamedProcesses
  // Garbage that the interpreter's last collection freed. It does not count as growth.
  Amount collectable;
  GrowthFinding growth;
  // Few bytes in a large heap. Without marks it cannot be distinguished from a cache of the interpreter that fills.
  bool slight = false;

  // A leak grows until the end.
  bool is_leak() const noexcept {
    return growth.growth == Growth::kMarked || (growth.growth == Growth::kSteady && !slight);
  }

  // Bytes per second between the first and the last birth; nothing when these are equal.
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
