#include "analyzer/write/finalize_packed.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <set>

#include "analyzer/model/replay.h"
#include "analyzer/read/failure.h"
#include "analyzer/read/file_bytes.h"
#include "analyzer/read/header_page.h"
#include "analyzer/read/image_paths.h"
#include "analyzer/read/segment_scan.h"
#include "analyzer/read/window_file.h"
#include "analyzer/write/packed_file.h"
#include "analyzer/write/snapshot_file.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

std::set<SegmentKey> keys_in(const std::string& window) {
  std::set<SegmentKey> keys;
  if (window.empty()) return keys;
  for (const FoundSegment& segment : read_window(window).segments) keys.insert(segment.key());
  return keys;
}

// Whether there are bytes between the segments that readers report as damage and that packing would drop. A truncated
// segment is no damage when the window has the whole segment: the process was killed while it appended it.
bool is_damaged(const SegmentScan& scan, const std::set<SegmentKey>& in_window, uint64_t file_bytes) {
  return std::any_of(scan.damage.begin(), scan.damage.end(), [&](const DamagedStretch& stretch) {
    if (stretch.unreadable_bytes == 0) return false;
    if (stretch.names_segment) return !in_window.contains(stretch.key);
    const bool part_of_a_header = stretch.unreadable_bytes < sizeof(SegmentHeader) && !in_window.empty();
    return !part_of_a_header || stretch.offset + stretch.unreadable_bytes < file_bytes;
  });
}

// Packs the segments of the profile file into `packed`. Returns false when the profile is damaged.
bool pack_segments(const std::string& profile, const std::string& window, const std::string& packed, bool unpack,
                   Progress* progress) {
  const FileBytes bytes(profile);
  const FoundHeader found = read_header(bytes.bytes(), FileRole::kProfile, profile);
  if (found.damaged) return false;
  const SegmentScan scan = scan_segments(bytes, found.header, false);
  if (is_damaged(scan, keys_in(window), bytes.size_bytes())) return false;
  std::error_code ignored;
  fs::create_directory(fs::path(packed).parent_path(), ignored);
  PackedFile file(packed, found.header, unpack);
  for (const FoundSegment& segment : scan.segments) {
    file.append(segment);
    bytes.forget(segment.payload);
    if (progress != nullptr) progress->advance(place_bytes(segment.header));
  }
  return true;
}

// Afterwards the packed file and the window have all of the image.
std::optional<SnapshotFile> snapshot_segments(const std::string& profile, const std::string& window,
                                              const std::string& packed) {
  const Image image = read_image({profile, window, packed});
  if (!can_be_snapshot(image)) return std::nullopt;
  return write_snapshot_file(image, latest_snapshot_time(image), packed);
}

uint64_t events_in(const std::string& profile) {
  const Image image = read_image({profile, {}, {}});
  Replay replay(image, nullptr);
  replay.skip_rest();
  return replay.events();
}

}  // namespace

std::optional<FinalizedProfile> finalize_as_snapshot(const std::string& profile, const std::string& window,
                                                     const std::string& packed, std::optional<WaitStatus> status) {
  const auto written = snapshot_segments(profile, window, packed);
  if (!written) return std::nullopt;
  FinalizedProfile finalized = finalize(packed, window, status, true, written->time);
  finalized.events = events_in(packed);
  if (std::rename(packed.c_str(), profile.c_str()) != 0) throw file_failure(profile, errno);
  return finalized;
}

std::optional<FinalizedProfile> finalize_and_pack(const std::string& profile, const std::string& window,
                                                  const std::string& packed, std::optional<WaitStatus> status,
                                                  bool unpack, Progress* progress) {
  if (!pack_segments(profile, window, packed, unpack, progress)) return std::nullopt;
  std::error_code ignored;
  fs::remove(next_of(packed), ignored);  // left by a `cistern` that was killed
  const FinalizedProfile finalized = finalize(packed, window, status, !unpack);
  if (std::rename(packed.c_str(), profile.c_str()) != 0) throw file_failure(profile, errno);
  return finalized;
}

}  // namespace cistern::analyzer
