// Events as values for tests: equality, text, encoding by op, and random ones. Allocates; single-threaded.
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

// Writes `event` by the encoder of its op; returns the end. Requires kMaxEventBytes of room, and an op other than
// kExtension.
uint8_t* encode(uint8_t* out, EventState& state, const Event& event);

// `count` events of all ops: near and far addresses, aligned and odd, repeated stacks, times that step back.
std::vector<Event> random_events(uint32_t seed, int count);

}  // namespace cistern
