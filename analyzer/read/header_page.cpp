#include "analyzer/read/header_page.h"

#include <fmt/format.h>

#include <cstring>

#include "analyzer/read/failure.h"
#include "cistern/format/checksum.h"

namespace cistern::analyzer {
namespace {

ProfileHeader copy_header(std::span<const uint8_t> file) {
  ProfileHeader header{};
  std::memcpy(&header, file.data(), sizeof header);
  return header;
}

// Keeps what a damaged header says from doing harm: shifts and divisions by its fields stay defined.
void defuse(ProfileHeader& header) {
  if (header.time_shift > 32) header.time_shift = 0;
  header.header_bytes = kProfileHeaderBytes;
}

void check_kind(const ProfileHeader& header, FileRole role, const std::string& path) {
  if (header.major > kFormatMajor) {
    throw unreadable(path, fmt::format("written by a newer cistern (format {}.{}; this one reads up to {}.x)",
                                       header.major, header.minor, kFormatMajor));
  }
  if (header.major < kFormatMajor) {
    throw unreadable(path, fmt::format("format {}.{} is no longer read", header.major, header.minor));
  }
  if (header.role != role) {
    throw unreadable(path, role == FileRole::kProfile ? "is a window, not a profile" : "is no window");
  }
}

}  // namespace

FoundHeader read_header(std::span<const uint8_t> file, FileRole role, const std::string& path) {
  if (file.empty()) throw unreadable(path, "is empty");
  const size_t magic_bytes = std::min(file.size(), sizeof kProfileMagic);
  if (std::memcmp(file.data(), kProfileMagic, magic_bytes) != 0) {
    throw unreadable(path, "not a Cistern profile (bad magic at byte 0)");
  }
  if (file.size() < sizeof(ProfileHeader)) {
    throw unreadable(path, fmt::format("cut short: {} bytes, not even a header", file.size()));
  }
  FoundHeader found{copy_header(file), false};
  found.damaged = found.header.checksum != checksum_of(found.header);
  if (!found.damaged) check_kind(found.header, role, path);
  if (found.damaged || found.header.time_shift > 32 || found.header.header_bytes < sizeof(ProfileHeader)) {
    defuse(found.header);
  }
  return found;
}

bool is_window(std::span<const uint8_t> file) noexcept {
  if (file.size() < sizeof(ProfileHeader)) return false;
  const ProfileHeader header = copy_header(file);
  return std::memcmp(header.magic, kProfileMagic, sizeof kProfileMagic) == 0 && header.role == FileRole::kWindow;
}

}  // namespace cistern::analyzer
