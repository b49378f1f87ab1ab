// Whether one profile passes, and what says that it does not. A function of what was found in it: reads no file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/check/check_options.h"
#include "analyzer/check/suppressions.h"
#include "analyzer/leaks/leak_search.h"

namespace cistern::analyzer {

// Memory that a process held at its end though no block filled it.
struct HeldMemory {
  uint64_t pools_bytes = 0;  // pymalloc's arenas, but for the blocks in use
  uint64_t glibc_bytes = 0;  // free in glibc's heaps, by its last account (mallinfo2, fordblks)
  uint64_t bytes() const noexcept { return pools_bytes + glibc_bytes; }
};

// The leaks of one stack; they differ in their domain.
struct StackLeak {
  const LeakGroup* greatest = nullptr;  // of its groups
  Amount amount;
};

struct SuppressedLeak {
  const LeakGroup* group = nullptr;
  size_t entry = 0;  // index into Suppressions::entries()
};

enum class LimitKind : uint8_t { kLeak, kLeakPerStack, kPeak, kHeld, kCleanExit };
// The option that sets it, without dashes.
std::string_view name_of(LimitKind kind);

struct LimitFailure {
  LimitKind kind = LimitKind::kLeak;
  SizeLimit limit;                    // not of kCleanExit
  Amount amount;                      // what is too much; of kHeld only bytes
  const ImageFacts* image = nullptr;  // the process; null for leaks, which are of all
  std::vector<StackLeak> leaks;       // worst first
};

struct Verdict {
  std::vector<std::string> incomplete;  // why no verdict can be passed, one clause each
  std::vector<LimitFailure> failures;
  std::vector<StackLeak> leaks;  // that count, worst first
  Amount leaked;                 // in all of them
  std::vector<SuppressedLeak> suppressed;
  Amount suppressed_amount;
  Amount not_counted;            // leaks that --kind and --growth leave out
  std::vector<HeldMemory> held;  // by image; empty when it was not asked for

  bool complete() const noexcept { return incomplete.empty(); }
  bool passed() const noexcept { return complete() && failures.empty(); }
};

// `held` by image, or empty. Entries of `suppressions` that match are marked as used. `findings` outlive the verdict.
Verdict judge(const LeakFindings& findings, std::vector<HeldMemory> held, const CheckOptions& options,
              Suppressions& suppressions);

}  // namespace cistern::analyzer
