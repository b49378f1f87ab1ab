// Events as values for tests: equality, text, and random ones. Allocates; single-threaded.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "cistern/format/event.h"

namespace cistern {

// One line: the op's name, its domain, and every field the op has, in the format's order.
std::string text_of(const Event& event);

bool same(const Event& a, const Event& b);

// `count` events of all ops: near and far addresses, aligned and odd, repeated stacks, times that step back.
std::vector<Event> random_events(uint32_t seed, int count);

}  // namespace cistern
