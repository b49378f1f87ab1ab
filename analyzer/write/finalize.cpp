#include "analyzer/write/finalize.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "analyzer/pack/segment_codec.h"
#include "analyzer/read/file_bytes.h"
#include "analyzer/read/profile_header.h"
#include "analyzer/read/window_file.h"
#include "analyzer/write/descriptor.h"
#include "analyzer/write/profile_outline.h"
#include "analyzer/write/run_failure.h"
#include "analyzer/write/sealing.h"
#include "cistern/format/moment_records.h"

namespace cistern::analyzer {
namespace {

constexpr uint32_t kRecordStream = 0;

// What the record stream says last about the things that finalizing adds to.
struct LastWords {
  std::optional<EndRecord> end;
  std::optional<LossesRecord> losses;

  bool complete() const { return end && losses; }
  // Takes what is missing from what was said before.
  void complete_with(const LastWords& before) {
    if (!end) end = before.end;
    if (!losses) losses = before.losses;
  }
};

template <typename Record>
void take_record(std::string_view payload, std::optional<Record>& last) {
  Cursor in(payload);
  Record record;
  if (record.get(in)) last = record;
}

void listen(std::span<const uint8_t> payload, LastWords& last) {
  Cursor in(payload.data(), payload.data() + payload.size());
  for (RawRecord record; next_record(in, record);) {
    if (record.type == RecordType::kEnd) take_record(record.payload, last.end);
    if (record.type == RecordType::kLosses) take_record(record.payload, last.losses);
  }
}

uint64_t next_sequence(const ProfileOutline& outline) {
  uint64_t next = 0;
  for (const auto& [key, segment] : outline.segments) {
    if (key.stream_id == kRecordStream) next = std::max(next, key.sequence + 1);
  }
  return next;
}

class Folder {
 public:
  // `packing`: what is added is packed.
  Folder(const std::string& profile, bool packing, uint64_t totals_until)
      : output_(profile, O_RDWR),
        bytes_(profile),
        header_(read_header(bytes_.bytes(), FileRole::kProfile, profile)),
        packing_(packing),
        totals_until_(totals_until) {
    outline_ = outline_of(bytes_, header_.header);
  }

  const ProfileHeader& header() const { return header_.header; }

  void take(const FoundSegment& unfinished) {
    const SealedSegment segment = seal(unfinished);
    if (segment.payload.empty() || is_in_totals(segment.header)) return;
    const auto known = outline_.segments.find(segment.key());
    if (known != outline_.segments.end() && is_there(known->second) &&
        known->second.header.content_bytes >= segment.header.content_bytes)
      return;
    // A segment that was sealed may have had its place reserved, which killed threads leave as gaps.
    const bool sealed = unfinished.header.checksum != 0;
    write(segment, place_for(segment, sealed));
  }

  // Ends the record stream with `losses`, when given, and how the process ended, when `status` tells more than it knew.
  void close(const std::optional<LossesRecord>& losses, std::optional<WaitStatus> status) {
    LastWords last = last_words();
    const auto end = status ? end_to_add(last.end, *status) : std::nullopt;
    lost_events_ = count_lost(losses ? losses : last.losses);
    if (!losses && !end) return;
    SealedSegment segment = record_segment();
    if (losses) append_record(segment.payload, *losses);
    // An image that left a window ended without a word. That it is known to have ended says that nothing is missing.
    if (end) {
      append_record(segment.payload, *end);
    } else if (!last.end) {
      append_record(segment.payload, EndRecord{});
    }
    complete(segment);
    write(segment, outline_.end);
  }

  uint64_t last_time() const { return outline_.last_time(); }

  FinalizedProfile result() const { return {outline_.events(), lost_events_, output_.size()}; }

 private:
  bool is_in_totals(const SegmentHeader& header) const {
    return header.kind == SegmentKind::kEvents && header.last_time < totals_until_;
  }
  // What write() wrote has no view, and is whole: a damaged window may hold a segment twice.
  static bool is_there(const FoundSegment& segment) { return segment.payload.data() == nullptr || is_whole(segment); }

  static uint64_t count_lost(const std::optional<LossesRecord>& losses) {
    if (!losses) return 0;
    return losses->fields[static_cast<size_t>(Counter::kLostEvents)] +
           losses->fields[static_cast<size_t>(Counter::kStoppedEvents)];
  }

  // Where a torn copy of the same size lies, else in a gap, else at the end.
  uint64_t place_for(const SealedSegment& segment, bool had_a_place) {
    const uint64_t size_bytes = place_bytes(segment.header);
    const auto torn = outline_.segments.find(segment.key());
    if (torn != outline_.segments.end() && place_bytes(torn->second.header) == size_bytes) {
      return torn->second.offset;
    }
    Gap* const gap = had_a_place ? smallest_gap(size_bytes) : nullptr;
    if (gap == nullptr) return outline_.end;
    gap->offset += size_bytes;
    gap->size_bytes -= size_bytes;
    return gap->offset - size_bytes;
  }

  Gap* smallest_gap(uint64_t size_bytes) {
    Gap* smallest = nullptr;
    for (Gap& gap : outline_.gaps) {
      if (gap.size_bytes >= size_bytes && (smallest == nullptr || gap.size_bytes < smallest->size_bytes))
        smallest = &gap;
    }
    return smallest;
  }

  void write(SealedSegment segment, uint64_t offset) {
    if (packing_ && offset == outline_.end) {
      const std::string content = segment.payload;
      packer_.pack(segment.header, {reinterpret_cast<const uint8_t*>(content.data()), content.size()}, segment.payload);
    }
    std::string bytes(reinterpret_cast<const char*>(&segment.header), sizeof segment.header);
    bytes += segment.payload;
    output_.write_at(offset, bytes.data(), bytes.size());
    outline_.end = std::max(outline_.end, offset + place_bytes(segment.header));
    outline_.segments[segment.key()] = {segment.header, {}, offset, false};
  }

  // Read from the file rather than from the mapping, which ends where the file ended before.
  // From behind: a process that ended as it should has said all of it in its last segment.
  LastWords last_words() {
    LastWords last;
    std::vector<uint8_t> payload;
    std::vector<uint8_t> content;
    for (auto at = outline_.segments.rbegin(); at != outline_.segments.rend() && !last.complete(); ++at) {
      const auto& [key, segment] = *at;
      if (key.stream_id != kRecordStream || segment.header.kind != SegmentKind::kRecords) continue;
      payload.resize(segment.header.payload_bytes);
      payload.resize(output_.read_at(segment.offset + sizeof(SegmentHeader), payload.data(), payload.size()));
      if (!is_known(segment.header.codec) || !unpacker_.unpack(segment.header, payload, content)) continue;
      LastWords here;
      listen(content, here);
      last.complete_with(here);
    }
    return last;
  }

  SealedSegment record_segment() const {
    SealedSegment segment;
    segment.header.magic = kSegmentMagic;
    segment.header.header_bytes = sizeof segment.header;
    segment.header.kind = SegmentKind::kRecords;
    segment.header.generation = header().generation;
    segment.header.stream_id = kRecordStream;
    segment.header.sequence = next_sequence(outline_);
    segment.header.first_time = segment.header.last_time = last_time();
    segment.header.pid = header().image.pid;
    return segment;
  }

  Descriptor output_;
  FileBytes bytes_;
  FoundHeader header_;
  ProfileOutline outline_;
  uint64_t lost_events_ = 0;
  bool packing_;
  uint64_t totals_until_;
  SegmentPacker packer_;
  SegmentUnpacker unpacker_;
};

LossesRecord losses_of(const WindowFile& window, uint64_t time) {
  LossesRecord losses;
  losses.time = time;
  losses.count = static_cast<uint32_t>(window.counters.size());
  std::copy(window.counters.begin(), window.counters.end(), losses.fields);
  return losses;
}

bool same_image(const ProfileHeader& a, const ProfileHeader& b) {
  return std::memcmp(&a.image, &b.image, sizeof a.image) == 0 && a.generation == b.generation;
}

}  // namespace

std::optional<EndRecord> end_to_add(const std::optional<EndRecord>& last, WaitStatus status) {
  const EndKind how = last ? last->how : EndKind::kUnknown;
  if (how == EndKind::kExec) return std::nullopt;  // the status is another image's
  EndRecord end;
  end.how = WIFSIGNALED(status) ? EndKind::kSignal : EndKind::kExit;
  end.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  if (end.how == EndKind::kSignal) return end;
  if (how == EndKind::kExit || how == EndKind::kQuickExit) {
    if (last->code >= 0) return std::nullopt;
    end.how = how;
  }
  return end;
}

FinalizedProfile count_unfinalized(const std::string& profile, const std::string& window) {
  const FileBytes bytes(profile);
  const FoundHeader header = read_header(bytes.bytes(), FileRole::kProfile, profile);
  ProfileOutline outline = outline_of(bytes, header.header);
  FinalizedProfile counted{outline.events(), 0, bytes.size_bytes()};
  if (window.empty()) return counted;
  const WindowFile left = read_window(window);
  for (const FoundSegment& segment : left.segments) {
    if (!outline.segments.contains(segment.key())) counted.events += seal(segment).header.event_count;
  }
  counted.lost_events = left.counters[static_cast<size_t>(Counter::kLostEvents)] +
                        left.counters[static_cast<size_t>(Counter::kStoppedEvents)];
  return counted;
}

FinalizedProfile finalize(const std::string& profile, const std::string& window, std::optional<WaitStatus> status,
                   bool packing, uint64_t totals_until) {
  Folder folder(profile, packing, totals_until);
  std::optional<LossesRecord> losses;
  if (!window.empty()) {
    const WindowFile left = read_window(window);
    const bool begun = left.header.header.major != 0;
    if (begun && !same_image(left.header.header, folder.header())) {
      throw run_failure(window, "not the window of " + profile);
    }
    for (const FoundSegment& segment : left.segments) folder.take(segment);
    losses = losses_of(left, folder.last_time());
  }
  folder.close(losses, status);
  if (!window.empty() && unlink(window.c_str()) != 0) throw run_failure(window, errno);
  return folder.result();
}

}  // namespace cistern::analyzer
