// Runs any report on a profile, for fuzz targets.
#pragma once

#include <cstdint>
#include <string>

namespace cistern::fuzz {

// Runs the command of `selector` with the options of `switches` on the profile at `path`. Requires of the command: it
// prints plain text or, if requested, JSON; it throws nothing but a Failure that is not internal.
void run_report(uint8_t selector, uint8_t switches, const std::string& path);

}  // namespace cistern::fuzz
