// Limits that a writer keeps to and a reader checks. A file that exceeds one is refused or read in part, so a limit may
// only grow. Sizes of segments are in segment.h and window_layout.h; FORMAT.md lists the limits of snapshots.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cistern/format/segment.h"

namespace cistern {

// Of a domain in an event, which has three bits for it.
constexpr size_t kDomainNumbers = 8;

// Tables of a snapshot: how many rows they may have.
constexpr uint64_t kMaxSnapshotSites = UINT32_MAX / 2;
constexpr uint64_t kMaxSnapshotDomains = kDomainNumbers;
constexpr uint32_t kMaxGrowthWindows = 256;  // of the allocation clock; also the windows between marks
constexpr size_t kMaxPoolPoints = 512;       // of the pool curve
constexpr uint64_t kPoolSizeClasses = 32;    // of a pool
constexpr uint64_t kMaxCurveShift = 60;      // an interval of the pool curve is 2^shift ticks

// One column of a packed segment, unpacked: no event takes more bytes there than this times its plain bytes.
constexpr uint64_t kMaxColumnGrowth = 7;
constexpr uint64_t kMaxColumnBytes = kMaxColumnGrowth * kMaxSegmentBytes + sizeof(uint64_t);

}  // namespace cistern
