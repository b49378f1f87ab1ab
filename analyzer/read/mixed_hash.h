// A hash for integer keys. std::hash is the identity, and tsl::robin_map uses the low bits: keys that differ only in
// their high half would all collide, and the map would grow until memory is exhausted. A hostile profile can contain
// any ids.
#pragma once

#include <cstddef>
#include <cstdint>

namespace cistern::analyzer {

struct MixedHash {
  size_t operator()(uint64_t key) const noexcept {
    key = (key ^ key >> 32) * 0x9E3779B97F4A7C15u;
    key = (key ^ key >> 29) * 0xBF58476D1CE4E5B9u;
    return static_cast<size_t>(key ^ key >> 32);
  }
};

}  // namespace cistern::analyzer
