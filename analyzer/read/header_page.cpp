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

// Makes shifts and divisions by fields of a damaged header safe.
void make_safe(ProfileHeader& header) {
  if (header.time_shift > 32) header.time_shift = 0;
  header.header_bytes = kProfileHeaderBytes;
}

void check_kind(const ProfileHeader& header, FileRole role, const std::string& path) {
  if (header.major > kFormatMajor) {
    throw cannot_read(path,
                      fmt::format("written by a newer cistern: format {}.{}, this one reads {}.x (update cistern)",
                                  header.major, header.minor, kFormatMajor));
  }
  if (header.major < kFormatMajor) {
    throw cannot_read(path, fmt::format("format {}.{} is no longer read, this cistern reads {}.x", header.major,
                                        header.minor, kFormatMajor));
  }
  if (header.role != role) {
    throw cannot_read(path, role == FileRole::kProfile ? "is a window, not a profile" : "is not a window");
  }
}

}  // namespace

FoundHeader read_header(std::span<const uint8_t> file, FileRole role, const std::string& path) {
  if (file.empty()) throw cannot_read(path, "is empty");
  const size_t magic_bytes = std::min(file.size(), sizeof kProfileMagic);
  if (std::memcmp(file.data(), kProfileMagic, magic_bytes) != 0) {
    throw cannot_read(path, "not a Cistern profile: wrong magic at byte 0");
  }
  if (file.size() < sizeof(ProfileHeader)) {
    throw cannot_read(path, fmt::format("truncated: {} bytes, less than a header", file.size()));
  }
  FoundHeader found{copy_header(file), false};
  found.damaged = found.header.checksum != checksum_of(found.header);
  if (!found.damaged) check_kind(found.header, role, path);
  if (found.damaged || found.header.time_shift > 32 || found.header.header_bytes < sizeof(ProfileHeader)) {
    make_safe(found.header);
  }
  return found;
}

bool is_window(std::span<const uint8_t> file) noexcept {
  if (file.size() < sizeof(ProfileHeader)) return false;
  const ProfileHeader header = copy_header(file);
  return std::memcmp(header.magic, kProfileMagic, sizeof kProfileMagic) == 0 && header.role == FileRole::kWindow;
}

}  // namespace cistern::analyzer
