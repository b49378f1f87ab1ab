// Whether one profile passes a check, and why not. A function of the findings: reads no file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/check/check_query.h"
#include "analyzer/check/suppressions.h"
#include "analyzer/leaks/leak_search.h"
#include "analyzer/model/missing_data.h"

namespace cistern::analyzer {

// Memory that the allocators of a process held at its end, but that no block used.
struct HeldMemory {
  uint64_t pools_bytes = 0;  // of pymalloc's arenas, without the blocks in use
  uint64_t glibc_bytes = 0;  // free in glibc's heaps, as last sampled (fordblks of mallinfo2)
  uint64_t bytes() const noexcept { return pools_bytes + glibc_bytes; }
};

// The leaks of one stack in all domains.
struct StackLeak {
  const LeakGroup* greatest = nullptr;  // the group with most bytes
  Amount amount;
};

struct SuppressedLeak {
  const LeakGroup* group = nullptr;
  size_t entry = 0;  // index into Suppressions::entries()
};

enum class LimitKind : uint8_t { kLeak, kLeakPerStack, kPeak, kHeld, kCleanExit };
// The name of its option, without dashes.
std::string_view name_of(LimitKind kind);

struct LimitFailure {
  LimitKind kind = LimitKind::kLeak;
  SizeLimit limit;                    // unused for kCleanExit
  Amount amount;                      // that exceeds the limit; no blocks for kHeld
  const ImageFacts* image = nullptr;  // the process; null for leaks, which are summed over all processes
  std::vector<StackLeak> leaks;       // worst first
};

struct Verdict {
  std::vector<MissingData> missing;  // empty: the profile is complete
  std::vector<LimitFailure> failures;
  std::vector<StackLeak> leaks;  // those that count, worst first
  Amount leaked;                 // in all of `leaks`
  std::vector<SuppressedLeak> suppressed;
  Amount suppressed_amount;
  Amount not_counted;            // leaks that --kind and --growth exclude
  std::vector<HeldMemory> held;  // by image; empty without --max-held

  bool complete() const noexcept { return missing.empty(); }
  bool passed() const noexcept { return complete() && failures.empty(); }
};

// `held` is by image, or empty. Marks the entries of `suppressions` that match as used. `findings` outlives the
// verdict.
Verdict judge(const LeakFindings& findings, std::vector<HeldMemory> held, const CheckLimits& limits,
              Suppressions& suppressions);

}  // namespace cistern::analyzer
