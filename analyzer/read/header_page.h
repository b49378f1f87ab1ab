// Reads and checks the header page of a profile or window.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

struct FoundHeader {
  ProfileHeader header{};
  bool damaged = false;  // the checksum is wrong; fields may be wrong, but are safe to use
};

// Returns the header of `file`. A header with a wrong checksum is returned as damaged, with safe values for fields that
// are used in shifts and divisions. Errors: Failure, exit code 3, with `path`: not a profile, too short, another major
// version, another role.
FoundHeader read_header(std::span<const uint8_t> file, FileRole role, const std::string& path);

// Whether `file` has the magic and the role of a window.
bool is_window(std::span<const uint8_t> file) noexcept;

}  // namespace cistern::analyzer
