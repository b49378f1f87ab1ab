// Collapsed stacks, the input of flamegraph.pl, speedscope and others: "outermost;…;innermost COUNT".
#pragma once

#include <string>

#include "analyzer/results/allocations_by_stack.h"

namespace cistern::analyzer {

// Returns one line for each stack whose `measure` is not 0, summed over domains, sorted by text. COUNT is in bytes, or
// in blocks.
std::string collapsed_stacks(const AllocationsByStack& by_stack, Measure measure, bool blocks);

}  // namespace cistern::analyzer
