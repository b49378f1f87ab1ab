// The order in which leaks are shown. Leaks of the same line of the program's own code, called in the same way, stand
// together. The line with most bytes comes first, and within a line the stack with most bytes. What a caller allocates
// for a call (its frame, its arguments) comes after the leaks of the call.
#pragma once

#include <vector>

#include "analyzer/leaks/leak_group.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

// Puts leaks first, in this order; the order of other groups does not change.
void order_leaks(const CallTree& tree, std::vector<LeakGroup>& groups);

// The innermost frame of the program's own code, with its callers; else the innermost Python frame; else `stack`.
NodeId own_line(const CallTree& tree, NodeId stack);

}  // namespace cistern::analyzer
