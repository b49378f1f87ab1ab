// The order in which leaks are shown. Those that the same line of the program's own makes, called in the same way,
// belong together: the line with most bytes comes first, and within it the stack with most. What a caller keeps for a
// call (its frame, its arguments) comes behind what the call itself left.
#pragma once

#include <vector>

#include "analyzer/leaks/leak_group.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

// Puts leaks first, in this order; the rest stays as it is.
void order_leaks(const CallTree& tree, std::vector<LeakGroup>& groups);

// The innermost frame that is the program's own, with its callers; else the innermost Python frame; `stack` itself when
// there is none.
NodeId own_line(const CallTree& tree, NodeId stack);

}  // namespace cistern::analyzer
