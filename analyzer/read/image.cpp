#include "analyzer/read/image.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "analyzer/pack/segment_codec.h"
#include "analyzer/read/failure.h"
#include "analyzer/read/record_reader.h"
#include "analyzer/read/segment_scan.h"
#include "cistern/format/event.h"

namespace cistern::analyzer {
namespace {

class ImageReader {
 public:
  explicit ImageReader(const ImageFiles& files) : files_(files) {}

  Image read() {
    read_window_file();
    read_profile_file();
    ask_liveness();
    sort_segments();
    read_snapshot();
    read_records();
    count_lost_segments();
    group_events();
    image_.segments = std::move(segments_);
    image_.clock = ProfileClock(image_.header, image_.process_events.clock_pairs);
    return std::move(image_);
  }

 private:
  // The window is read first: a segment that leaves it meanwhile is in the profile when that is read.
  void read_window_file() {
    if (files_.window.empty()) return;
    image_.window = analyzer::read_window(files_.window);
    if (files_.profile.empty() && image_.window->header.header.major == 0) throw cannot_read(files_.window, "is empty");
    image_.has_window = true;
    image_.path = files_.window;
    image_.header = image_.window->header.header;
    image_.damage.header = image_.window->header.damaged;
  }

  void read_profile_file() {
    if (!files_.profile.empty()) {
      image_.path = files_.profile;
      image_.file = FileBytes(files_.profile, image_.has_window);
      image_.file_bytes = image_.file.size_bytes();
      take_header(read_header(image_.file.bytes(), FileRole::kProfile, files_.profile));
      take_packed_file();
      take_scan(scan_segments(image_.file, image_.header, image_.damage.header));
    } else {
      take_window_segments({});
    }
  }

  // A window alone has no lock.
  void ask_liveness() {
    if (image_.damage.header) return;
    ProfileHeader header = image_.header;
    if (files_.profile.empty()) header.lock = ImageLock::kNone;
    image_.liveness = liveness_of(image_.path, header);
  }

  // Segments in the packed file left a hole in the profile. Missing segments are found by their sequence.
  void take_packed_file() {
    std::error_code ignored;
    if (files_.packed.empty() || !std::filesystem::is_regular_file(files_.packed, ignored)) return;
    image_.packed = FileBytes(files_.packed);
    image_.file_bytes += image_.packed.size_bytes();
    packed_ = scan_segments(image_.packed, image_.header, image_.damage.header).segments;
  }

  void take_header(const FoundHeader& found) {
    const bool window_knows = image_.window && !image_.damage.header;
    if (!found.damaged || !window_knows) image_.header = found.header;
    image_.damage.header = found.damaged && !window_knows;
    if (found.damaged) image_.damage.add_unreadable(sizeof(ProfileHeader), 0, "bad checksum of the header");
  }

  void take_scan(SegmentScan scan) {
    const bool drained = !packed_.empty();
    segments_ = std::move(packed_);
    segments_.insert(segments_.end(), scan.segments.begin(), scan.segments.end());
    const uint64_t rescued_bytes = image_.window ? take_window_segments(keys_of(segments_)) : 0;
    uint64_t hole_bytes = 0;
    for (const DamagedStretch& stretch : scan.damage) {
      if (!in_window(stretch)) image_.damage.add_unreadable(stretch.unreadable_bytes, stretch.offset, stretch.reason);
      if (!is_reserve(stretch) && !is_padding(stretch)) hole_bytes += stretch.hole_bytes;
    }
    if (drained) hole_bytes = 0;
    image_.damage.hole_bytes = hole_bytes > rescued_bytes ? hole_bytes - rescued_bytes : 0;
  }

  static std::set<SegmentKey> keys_of(const std::vector<FoundSegment>& segments) {
    std::set<SegmentKey> keys;
    for (const FoundSegment& segment : segments) keys.insert(segment.key());
    return keys;
  }

  // Adds the window's segments that the file does not have. Returns the size that they would have in the file.
  uint64_t take_window_segments(const std::set<SegmentKey>& known) {
    if (!image_.window) return 0;
    uint64_t bytes = 0;
    for (const FoundSegment& segment : image_.window->segments) {
      if (known.contains(segment.key())) continue;
      rescued_.insert(segment.key());
      segments_.push_back(segment);
      bytes += segment.payload.size() + sizeof(SegmentHeader) + kSegmentAlignment;
    }
    return bytes;
  }

  bool in_window(const DamagedStretch& stretch) const {
    return stretch.names_segment && rescued_.contains(stretch.key);
  }
  // Whether a stretch is space at the end of the file that was allocated in advance.
  bool is_reserve(const DamagedStretch& stretch) const {
    return stretch.offset + stretch.unreadable_bytes + stretch.hole_bytes >= image_.file_bytes;
  }
  // Whether a stretch is too short for a segment.
  static bool is_padding(const DamagedStretch& stretch) {
    return stretch.unreadable_bytes == 0 && stretch.hole_bytes < sizeof(SegmentHeader);
  }

  void sort_segments() {
    std::stable_sort(segments_.begin(), segments_.end(),
                     [](const FoundSegment& a, const FoundSegment& b) { return a.key() < b.key(); });
    const auto twice = std::unique(segments_.begin(), segments_.end(),
                                   [](const FoundSegment& a, const FoundSegment& b) { return a.key() == b.key(); });
    segments_.erase(twice, segments_.end());
  }

  // Removes the snapshot's segments from the list. If no snapshot is complete, the events before it are lost.
  void read_snapshot() {
    const auto begin = std::find_if(segments_.begin(), segments_.end(), [](const FoundSegment& segment) {
      return segment.header.stream_id == kSnapshotStream;
    });
    if (begin == segments_.end()) return;
    const std::vector<FoundSegment> parts(begin, segments_.end());
    segments_.erase(begin, segments_.end());
    const bool all_snapshot = std::all_of(parts.begin(), parts.end(), [](const FoundSegment& segment) {
      return segment.header.kind == SegmentKind::kSnapshot;
    });
    if (all_snapshot) image_.snapshot = Snapshot::read(parts);
    if (image_.snapshot == nullptr)
      add_unreadable_tail(parts.front(), parts.front().payload.size(), "inconsistent snapshot");
    for (const FoundSegment& part : parts) image_.forget(part.payload);
  }

  void count_lost_segments() {
    SegmentKey expected;
    bool first = true;
    for (const FoundSegment& segment : segments_) {
      const SegmentKey key = segment.key();
      if (first || key.stream_id != expected.stream_id) expected = {key.stream_id, first_sequence(segment)};
      first = false;
      image_.damage.lost_segments += key.sequence - std::min(expected.sequence, key.sequence);
      expected.sequence = std::max(expected.sequence, key.sequence + 1);
    }
  }

  // The first sequence that should be there. In an overwritten file, and before a snapshot, earlier ones are missing on
  // purpose.
  uint64_t first_sequence(const FoundSegment& segment) const {
    if (image_.overwritten()) return segment.header.sequence;
    return image_.snapshot != nullptr ? image_.snapshot->position_of(StreamId{segment.header.stream_id}).sequence : 0;
  }

  void read_records() {
    RecordReader reader(image_.definitions, image_.process_events);
    for (FoundSegment segment : segments_) {
      if (segment.header.kind != SegmentKind::kRecords || !decodable(segment)) continue;
      if (is_packed(segment.header)) unpack(segment);
      image_.record_segments.push_back(segment);
      const uint64_t unreadable = reader.take(segment);
      if (unreadable != 0) add_unreadable_tail(segment, unreadable, "malformed record");
      image_.forget(segment.payload);
    }
    reader.finish();
    image_.damage.malformed_records = reader.malformed();
    image_.damage.window_missing = !image_.window && !image_.process_events.end_known;
    if (image_.window) take_window_words(*image_.window);
    find_epoch_begin();
    if (image_.overwritten()) reader.forget_before(image_.epoch_begin);
  }

  // They are newer than the records.
  void take_window_words(const WindowFile& window) {
    ProcessEvents& process_events = image_.process_events;
    process_events.counters = window.counters;
    if (window.stop.time == 0) return;
    process_events.stop = stop_record_of(window.stop);
    if (!process_events.end_known && window.stop.end_time != 0) {
      const auto how = static_cast<EndKind>(window.stop.end_how);
      process_events.end_known = how != EndKind::kNone;
      if (process_events.end_known) process_events.end = end_record_of(window.stop);
    }
  }

  // Keeps the content, because definitions point into it.
  void unpack(FoundSegment& segment) {
    std::vector<uint8_t> content;
    if (!unpacker_.unpack(segment.header, segment.payload, content)) {
      add_unreadable_tail(segment, segment.payload.size(), "cannot be unpacked");
    }
    image_.forget(segment.payload);
    image_.unpacked_records.push_back(std::move(content));
    segment.payload = image_.unpacked_records.back();
  }

  // Epoch 0 is the beginning of the recording. In an overwritten file, an empty chunk, or one that is not full, is no
  // damage. If segments were overwritten and there is no epoch record, no event can be used.
  void find_epoch_begin() {
    const auto& epochs = image_.process_events.epochs;
    const bool in_chunks = !epochs.empty() || image_.process_events.counter(Counter::kOverwritten) != 0;
    if (in_chunks) image_.damage.hole_bytes = 0;
    if (!epochs.empty()) {
      image_.epoch_begin = epochs.front().number == 0 ? 0 : epochs.front().time;
    } else if (image_.process_events.counter(Counter::kOverwritten) != 0) {
      image_.epoch_begin = UINT64_MAX;
    }
  }

  bool decodable(const FoundSegment& segment) {
    const bool known = is_known(segment.header.codec);
    if (!known) ++image_.damage.undecodable_segments;
    return known;
  }

  void add_unreadable_tail(const FoundSegment& segment, uint64_t unreadable_bytes, const char* reason) {
    const uint64_t end = segment.offset + sizeof(SegmentHeader) + segment.payload.size();
    image_.damage.add_unreadable(unreadable_bytes, end - unreadable_bytes, reason);
  }

  void group_events() {
    for (FoundSegment& segment : segments_) {
      if (segment.header.kind != SegmentKind::kEvents || !decodable(segment)) continue;
      if (segment.in_window) complete(segment);
      if (segment.header.last_time < image_.epoch_begin || is_in_snapshot(segment)) continue;
      const StreamId stream_id{segment.header.stream_id};
      if (image_.streams.empty() || image_.streams.back().stream_id != stream_id)
        image_.streams.push_back({stream_id, {}});
      image_.streams.back().segments.push_back(segment);
      image_.event_payload_bytes += segment.payload.size();
    }
  }

  bool is_in_snapshot(const FoundSegment& segment) const {
    if (image_.snapshot == nullptr || segment.header.last_time >= image_.snapshot->time()) return false;
    const SnapshotPosition position = image_.snapshot->position_of(StreamId{segment.header.stream_id});
    if (segment.header.sequence != position.sequence) return segment.header.sequence < position.sequence;
    const uint64_t content_bytes = is_packed(segment.header) ? segment.header.content_bytes : segment.payload.size();
    return content_bytes <= position.offset;
  }

  // A segment that was never sealed has no last time and no count. Decodes it to complete its header, and removes a
  // malformed end.
  void complete(FoundSegment& segment) {
    const uint8_t* const begin = segment.payload.data();
    EventDecoder decoder(begin, begin + segment.payload.size(), segment.header.first_time);
    Event event;
    uint64_t count = 0;
    uint64_t last_time = segment.header.first_time;
    while (decoder.next(event)) {
      ++count;
      last_time = std::max(last_time, event.end_time);
    }
    segment.header.event_count = count;
    segment.header.last_time = last_time;
    if (decoder.ok()) return;
    add_unreadable_tail(segment, segment.payload.size() - decoder.offset(), "malformed event");
    segment.payload = segment.payload.first(decoder.offset());
  }

  const ImageFiles& files_;
  Image image_;
  std::vector<FoundSegment> segments_;
  std::vector<FoundSegment> packed_;
  SegmentUnpacker unpacker_;
  std::set<SegmentKey> rescued_;  // segments that are only in the window
};

}  // namespace

void Damage::add_unreadable(uint64_t bytes, uint64_t offset, const std::string& reason) {
  if (bytes == 0) return;
  if (unreadable_bytes == 0) {
    unreadable_at = offset;
    unreadable_reason = reason;
  }
  unreadable_bytes += bytes;
}

Image read_image(const ImageFiles& files) {
  return ImageReader(files).read();
}

}  // namespace cistern::analyzer
