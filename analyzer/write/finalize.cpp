#include "analyzer/write/finalize.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "analyzer/pack/segment_codec.h"
#include "analyzer/read/failure.h"
#include "analyzer/read/file_bytes.h"
#include "analyzer/read/header_page.h"
#include "analyzer/read/window_file.h"
#include "analyzer/write/descriptor.h"
#include "analyzer/write/profile_outline.h"
#include "analyzer/write/sealed_segment.h"
#include "cistern/format/moment_records.h"

namespace cistern::analyzer {
namespace {

constexpr uint32_t kRecordStream = 0;

// The last records of the record stream of those kinds that finalizing may add.
struct LastRecords {
  std::optional<EndRecord> end;
  std::optional<LossesRecord> losses;

  bool complete() const { return end && losses; }
  // Fills gaps from an earlier segment's.
  void complete_with(const LastRecords& before) {
    if (!end) end = before.end;
    if (!losses) losses = before.losses;
  }
};

template <typename Record>
void parse_record(std::string_view payload, std::optional<Record>& last) {
  Cursor in(payload);
  Record record;
  if (get_fields(in, record)) last = record;
}

void parse_records(std::span<const uint8_t> payload, LastRecords& last) {
  Cursor in(payload.data(), payload.data() + payload.size());
  for (RawRecord record; next_record(in, record);) {
    if (record.type == RecordType::kEnd) parse_record(record.payload, last.end);
    if (record.type == RecordType::kLosses) parse_record(record.payload, last.losses);
  }
}

uint64_t next_sequence(const ProfileOutline& outline) {
  uint64_t next = 0;
  for (const auto& [key, segment] : outline.segments) {
    if (key.stream_id == kRecordStream) next = std::max(next, key.sequence + 1);
  }
  return next;
}

class Finalizer {
 public:
  // `pack`: appended segments are packed.
  Finalizer(const std::string& profile, bool pack, uint64_t snapshot_time)
      : output_(profile, O_RDWR),
        bytes_(profile),
        header_(read_header(bytes_.bytes(), FileRole::kProfile, profile)),
        pack_(pack),
        snapshot_time_(snapshot_time) {
    outline_ = outline_of(bytes_, header_.header);
  }

  const ProfileHeader& header() const { return header_.header; }

  void add(const FoundSegment& unfinished) {
    const SealedSegment segment = seal(unfinished);
    if (segment.payload.empty() || is_in_snapshot(segment.header, snapshot_time_)) return;
    const auto known = outline_.segments.find(segment.key());
    if (known != outline_.segments.end() && is_written(known->second) &&
        known->second.header.content_bytes >= segment.header.content_bytes)
      return;
    // The process may have reserved space for a sealed segment and been killed before it wrote: a gap.
    const bool may_fill_gap = unfinished.header.checksum != 0;
    write(segment, offset_for(segment, may_fill_gap));
  }

  // Ends the record stream: with `losses` and `stop`, if given, and with how the process ended, if `status` adds
  // something.
  void close(const std::optional<LossesRecord>& losses, const StopState& stop, std::optional<WaitStatus> status) {
    LastRecords last = last_records();
    stopped_ = stop.time != 0;
    const bool ended = stop.end_time != 0 && static_cast<EndKind>(stop.end_how) != EndKind::kNone;
    if (!last.end && ended) last.end = end_record_of(stop);
    const auto end = status ? end_to_add(last.end, *status) : std::nullopt;
    lost_events_ = count_lost(losses ? losses : last.losses);
    if (!losses && !end) return;
    SealedSegment segment = record_segment();
    if (losses) append_record(segment.payload, *losses);
    if (stopped_) append_record(segment.payload, stop_record_of(stop));
    // The image left a window, so it did not record its own end. An empty end record says that nothing more follows.
    if (end) {
      append_record(segment.payload, *end);
    } else if (ended) {
      append_record(segment.payload, *last.end);
    } else if (!last.end) {
      append_record(segment.payload, EndRecord{});
    }
    complete(segment);
    write(segment, outline_.end);
  }

  uint64_t last_time() const { return outline_.last_time(); }

  FinalizedProfile result() const { return {outline_.events(), lost_events_, output_.size(), stopped_}; }

 private:
  // Segments from write() have no view and are whole: a damaged window may hold a segment twice.
  static bool is_written(const FoundSegment& segment) { return segment.payload.data() == nullptr || is_whole(segment); }

  static uint64_t count_lost(const std::optional<LossesRecord>& losses) {
    if (!losses) return 0;
    return losses->fields[static_cast<size_t>(Counter::kLostEvents)] +
           losses->fields[static_cast<size_t>(Counter::kStoppedEvents)];
  }

  // Over a truncated copy of the same size, else in a gap, else at the end.
  uint64_t offset_for(const SealedSegment& segment, bool may_fill_gap) {
    const uint64_t size_bytes = place_bytes(segment.header);
    const auto truncated = outline_.segments.find(segment.key());
    if (truncated != outline_.segments.end() && place_bytes(truncated->second.header) == size_bytes) {
      return truncated->second.offset;
    }
    Gap* const gap = may_fill_gap ? smallest_gap(size_bytes) : nullptr;
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
    if (pack_ && offset == outline_.end) {
      const std::string content = segment.payload;
      packer_.pack(segment.header, {reinterpret_cast<const uint8_t*>(content.data()), content.size()}, segment.payload);
    }
    std::string bytes(reinterpret_cast<const char*>(&segment.header), sizeof segment.header);
    bytes += segment.payload;
    output_.write_at(offset, bytes.data(), bytes.size());
    outline_.end = std::max(outline_.end, offset + place_bytes(segment.header));
    outline_.segments[segment.key()] = {segment.header, {}, offset, false};
  }

  // Reads the file, not the mapping: the mapping does not contain what was appended. Reads backwards: the last segment
  // of a process that exited has all of it.
  LastRecords last_records() {
    LastRecords last;
    std::vector<uint8_t> payload;
    std::vector<uint8_t> content;
    for (auto at = outline_.segments.rbegin(); at != outline_.segments.rend() && !last.complete(); ++at) {
      const auto& [key, segment] = *at;
      if (key.stream_id != kRecordStream || segment.header.kind != SegmentKind::kRecords) continue;
      payload.resize(segment.header.payload_bytes);
      payload.resize(output_.read_at(segment.offset + sizeof(SegmentHeader), payload.data(), payload.size()));
      if (!is_known(segment.header.codec) || !unpacker_.unpack(segment.header, payload, content)) continue;
      LastRecords here;
      parse_records(content, here);
      last.complete_with(here);
    }
    return last;
  }

  SealedSegment record_segment() const {
    const SegmentKey key{kRecordStream, next_sequence(outline_)};
    return {new_segment_header(header(), SegmentKind::kRecords, key, last_time()), {}};
  }

  Descriptor output_;
  FileBytes bytes_;
  FoundHeader header_;
  ProfileOutline outline_;
  uint64_t lost_events_ = 0;
  bool stopped_ = false;
  bool pack_;
  uint64_t snapshot_time_;
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

}  // namespace

std::optional<EndRecord> end_to_add(const std::optional<EndRecord>& last, WaitStatus status) {
  const EndKind how = last ? last->how : EndKind::kUnknown;
  if (how == EndKind::kExec) return std::nullopt;  // the status belongs to a later image
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
  FinalizedProfile counted{outline.events(), 0, bytes.size_bytes(), false};
  if (window.empty()) return counted;
  const WindowFile left = read_window(window);
  for (const FoundSegment& segment : left.segments) {
    if (!outline.segments.contains(segment.key())) counted.events += seal(segment).header.event_count;
  }
  counted.lost_events = left.counters[static_cast<size_t>(Counter::kLostEvents)] +
                        left.counters[static_cast<size_t>(Counter::kStoppedEvents)];
  counted.stopped = left.stop.time != 0;
  return counted;
}

FinalizedProfile finalize(const std::string& profile, const std::string& window, std::optional<WaitStatus> status,
                          bool pack, uint64_t snapshot_time) {
  Finalizer finalizer(profile, pack, snapshot_time);
  std::optional<LossesRecord> losses;
  StopState stop{};
  if (!window.empty()) {
    const WindowFile left = read_window(window);
    const bool begun = left.header.header.major != 0;
    if (begun && !same_image(left.header.header, finalizer.header())) {
      throw unreadable(window, "not the window of " + profile);
    }
    for (const FoundSegment& segment : left.segments) finalizer.add(segment);
    losses = losses_of(left, finalizer.last_time());
    stop = left.stop;
  }
  finalizer.close(losses, stop, status);
  if (!window.empty() && unlink(window.c_str()) != 0) throw file_failure(window, errno);
  return finalizer.result();
}

}  // namespace cistern::analyzer
