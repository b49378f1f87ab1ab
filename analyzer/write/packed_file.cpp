#include "analyzer/write/packed_file.h"

#include <fcntl.h>

#include <cstring>

#include "analyzer/read/file_bytes.h"
#include "analyzer/write/profile_outline.h"
#include "cistern/format/checksum.h"

namespace cistern::analyzer {

PackedFile::PackedFile(const std::string& path, const ProfileHeader& header, bool plain, Proof proof)
    : file_(path, O_RDWR | O_CREAT, 0600), plain_(plain), packer_(proof) {
  if (!plain && file_.size() >= kProfileHeaderBytes && same_image(file_.value_at<ProfileHeader>(0), header)) {
    const FileBytes bytes(path);
    const ProfileOutline outline = outline_of(bytes, header);
    for (const auto& [key, segment] : outline.segments) segments_.insert(key);
    end_ = outline.end;
    return;
  }
  file_.truncate();
  std::string page(kProfileHeaderBytes, '\0');
  std::memcpy(page.data(), &header, sizeof header);
  file_.write_at(0, page.data(), page.size());
}

void PackedFile::append(const FoundSegment& segment) {
  if (has(segment.key())) return;
  SegmentHeader header = segment.header;
  const std::string payload = payload_of(header, segment.payload);
  bytes_.assign(reinterpret_cast<const char*>(&header), sizeof header);
  bytes_ += payload;
  file_.write_at(end_, bytes_.data(), bytes_.size());
  end_ += place_bytes(header);
  segments_.insert(segment.key());
}

// A segment that cannot be unpacked is returned unchanged.
std::string PackedFile::payload_of(SegmentHeader& header, std::span<const uint8_t> payload) {
  std::string written(reinterpret_cast<const char*>(payload.data()), payload.size());
  if (!plain_) {
    if (!is_packed(header)) packer_.pack(header, payload, written);
    return written;
  }
  if (!is_packed(header) || !is_known(header.codec) || !unpacker_.unpack(header, payload, content_)) return written;
  written.assign(reinterpret_cast<const char*>(content_.data()), content_.size());
  header.codec = Codec::kPlain;
  header.payload_bytes = static_cast<uint32_t>(written.size());
  header.checksum = checksum_of(header, written.data());
  return written;
}

}  // namespace cistern::analyzer
