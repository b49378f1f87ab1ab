// Checksums of headers and segments: XXH3-64, inlined so that the preloaded library links nothing for it.
// Neither function allocates. Both read exactly the bytes that are given.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstddef>
#include <cstdint>

#include "cistern/format/profile_header.h"
#include "cistern/format/segment.h"

namespace cistern {

inline uint64_t checksum_of(const ProfileHeader& header) noexcept {
  return XXH3_64bits(&header, offsetof(ProfileHeader, checksum));
}

inline uint64_t checksum_of(SegmentHeader header, const void* payload) noexcept {
  header.checksum = 0;
  const uint64_t seed = XXH3_64bits(payload, header.payload_bytes);
  return XXH3_64bits_withSeed(&header, sizeof header, seed);
}

}  // namespace cistern
