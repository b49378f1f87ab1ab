#include "analyzer/read/segment_scan.h"

#include <algorithm>
#include <cstring>

#include "cistern/format/checksum.h"

namespace cistern::analyzer {
namespace {

constexpr uint64_t align_up(uint64_t offset) {
  return (offset + kSegmentAlignment - 1) & ~uint64_t{kSegmentAlignment - 1};
}

class Scanner {
 public:
  Scanner(const FileBytes& file, const ProfileHeader& header, bool any_image)
      : mapping_(file), file_(file.bytes()), image_(header), any_image_(any_image) {}

  SegmentScan run() {
    uint64_t at = std::min<uint64_t>(align_up(image_.header_bytes), file_.size());
    while (at < file_.size()) {
      FoundSegment segment;
      const char* problem = examine(at, segment);
      if (problem == nullptr) {
        scan_.segments.push_back(segment);
        mapping_.forget(segment.payload);
        at = std::min<uint64_t>(end_of(segment), file_.size());
      } else {
        at = skip_damage(at, problem);
      }
    }
    return std::move(scan_);
  }

 private:
  static uint64_t end_of(const FoundSegment& segment) { return segment.offset + place_bytes(segment.header); }

  // Reads the segment at `at` into `segment`. Returns why it is damaged, or null.
  const char* examine(uint64_t at, FoundSegment& segment) const {
    if (!peek(at, segment.header)) return "truncated";
    const SegmentHeader& header = segment.header;
    if (header.magic != kSegmentMagic) return "no segment";
    if (header.header_bytes < sizeof(SegmentHeader) || header.payload_bytes > kMaxSegmentBytes ||
        header.room_bytes > kMaxSegmentBytes) {
      return "bad header";
    }
    if (header.header_bytes + uint64_t{header.payload_bytes} > file_.size() - at) return "truncated";
    segment.offset = at;
    segment.payload = file_.subspan(at + header.header_bytes, header.payload_bytes);
    if (header.checksum != checksum_of(header, segment.payload.data())) return "bad checksum";
    if (any_image_) return nullptr;
    return header.pid == image_.image.pid && header.generation == image_.generation ? nullptr : "of another process";
  }

  bool peek(uint64_t at, SegmentHeader& header) const {
    if (file_.size() - at < sizeof header) return false;
    std::memcpy(&header, file_.data() + at, sizeof header);
    return true;
  }

  // Adds the damage at `at`. Returns where the next readable segment begins, or a damaged segment behind zeros only, or
  // the end of the file.
  uint64_t skip_damage(uint64_t at, const char* problem) {
    uint64_t next = at + kSegmentAlignment;
    FoundSegment segment;
    bool zeros = true;  // only zeros so far
    while (next < file_.size()) {
      if (begins_segment(next)) {
        if (examine(next, segment) == nullptr) break;
        zeros = zeros && end_of_damage(at, next) == at;
        if (zeros) break;
      }
      next = align_up(std::max(next + kSegmentAlignment, mapping_.hole_at(next).end));
    }
    next = std::min<uint64_t>(next, file_.size());
    note(at, next, problem);
    return next;
  }

  bool begins_segment(uint64_t at) const {
    uint32_t magic = 0;
    if (file_.size() - at < sizeof magic) return false;
    std::memcpy(&magic, file_.data() + at, sizeof magic);
    return magic == kSegmentMagic;
  }

  void note(uint64_t begin, uint64_t end, const char* problem) {
    DamagedStretch stretch;
    stretch.offset = begin;
    const uint64_t last = end_of_damage(begin, end);
    stretch.unreadable_bytes = last - begin;
    stretch.hole_bytes = end - last;
    stretch.reason = problem;
    SegmentHeader header{};
    if (peek(begin, header) && header.magic == kSegmentMagic) {
      stretch.names_segment = true;
      stretch.key = {header.stream_id, header.sequence};
    }
    scan_.damage.push_back(stretch);
    mapping_.forget(file_.subspan(begin, end - begin));
  }

  // `end` without the zeros before it.
  uint64_t end_of_damage(uint64_t begin, uint64_t end) const {
    while (end > begin && file_[end - 1] == 0) end = std::max(begin, end_without_zeros(end));
    return end;
  }

  // Where the zero byte before `last` begins, or the hole around it.
  uint64_t end_without_zeros(uint64_t last) const {
    const FileBytes::Hole hole = mapping_.hole_at(last - 1);
    return hole.end != 0 ? hole.begin : last - 1;
  }

  const FileBytes& mapping_;
  std::span<const uint8_t> file_;
  const ProfileHeader& image_;
  bool any_image_;
  SegmentScan scan_;
};

}  // namespace

SegmentScan scan_segments(const FileBytes& file, const ProfileHeader& header, bool any_image) {
  return Scanner(file, header, any_image).run();
}

}  // namespace cistern::analyzer
