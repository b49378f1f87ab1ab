// Everything that can be asked of a profile, for fuzz targets.
#pragma once

#include <cstdint>
#include <string>

namespace cistern::fuzz {

// Runs the command that `selector` chooses, as `switches` say, on the profile at `path`. What it prints must be plain
// text, or JSON when JSON was asked for; whatever it throws must be a Failure other than an internal one.
void run_report(uint8_t selector, uint8_t switches, const std::string& path);

}  // namespace cistern::fuzz
