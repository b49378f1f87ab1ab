// Stacks as collapsed lines, the input of flamegraph.pl, speedscope and others: "outermost;…;innermost COUNT".
#pragma once

#include <string>

#include "analyzer/results/allocations_by_stack.h"

namespace cistern::analyzer {

// One line for each stack that has any of `measure`, whatever the domains, sorted by text. COUNT is bytes, or blocks.
std::string collapsed_stacks(const AllocationsByStack& by_stack, Measure measure, bool blocks);

}  // namespace cistern::analyzer
