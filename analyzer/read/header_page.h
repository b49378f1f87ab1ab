// The first page of a file: is this ours, can we read it, is it whole?
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "cistern/format/profile_header.h"

namespace cistern::analyzer {

struct FoundHeader {
  ProfileHeader header{};
  bool damaged = false;  // the checksum is wrong: fields are what they are, and harmless
};

// Requires: `path` for messages. Returns the header of `file`. A header with a wrong checksum is returned as damaged,
// with fields that would harm replaced by zero. Errors: Failure, exit code 3: not a profile, too short, newer version,
// other role.
FoundHeader read_header(std::span<const uint8_t> file, FileRole role, const std::string& path);

// Whether `file` begins with the magic and says that it is a window.
bool is_window(std::span<const uint8_t> file) noexcept;

}  // namespace cistern::analyzer
