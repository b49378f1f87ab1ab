// The part of `cistern summary` about an image that was cut off.
#pragma once

#include <cstddef>
#include <string>

#include "analyzer/render/layout/stack_text.h"
#include "analyzer/results/last_seconds.h"

namespace cistern::analyzer {

// Registers the files that last_seconds_text() names.
void add_paths(const LastSeconds& last, const CallTree& tree, PathNames& names);
// What the image held and its RSS, then at most `top` stacks that held most and as many that grew most, each as the
// innermost line of the program's own code.
std::string last_seconds_text(const LastSeconds& last, const CallTree& tree, const StackText& stacks, size_t columns,
                              size_t top);

}  // namespace cistern::analyzer
