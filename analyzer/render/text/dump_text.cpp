#include "analyzer/render/text/dump_text.h"

#include <fmt/format.h>

#include <iterator>

#include "analyzer/read/event_stream.h"
#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/text/record_text.h"

namespace cistern::analyzer {
namespace {

const char* name_of(HeapStepKind kind) {
  switch (kind) {
    case HeapStepKind::kAlloc:
      return "alloc";
    case HeapStepKind::kFree:
      return "free";
    case HeapStepKind::kReallocRelease:
      return "realloc-from";
    case HeapStepKind::kReallocAcquire:
      return "realloc-to";
    case HeapStepKind::kMap:
      return "map";
    case HeapStepKind::kUnmap:
      return "unmap";
    case HeapStepKind::kRemapRelease:
      return "remap-from";
    case HeapStepKind::kRemapAcquire:
      return "remap-to";
    case HeapStepKind::kArenaMade:
      return "arena-made";
    case HeapStepKind::kArenaFreed:
      return "arena-freed";
  }
  return "unknown";
}

class Dumper {
 public:
  explicit Dumper(const DumpOptions& options) : options_(options) {
    const bool all = !options.segments && !options.records && !options.events;
    segments_ = all || options.segments;
    records_ = all || options.records;
    events_ = all || options.events;
  }

  void dump(const Image& image) {
    add_header(image);
    if (segments_) add_segments(image);
    if (records_) add_records(image);
    if (events_) add_events(image);
    flush(0);
  }

 private:
  template <typename... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(buffer_), format, std::forward<Arguments>(arguments)...);
    buffer_.push_back('\n');
    flush(kFlushBytes);
  }
  void flush(size_t least) {
    if (buffer_.size() < least) return;
    write_out({buffer_.data(), buffer_.size()});
    buffer_.clear();
  }

  bool wants(uint32_t stream_id) const { return !options_.stream_id || *options_.stream_id == stream_id; }

  void add_header(const Image& image) {
    const ProfileHeader& header = image.header;
    line(
        "image path={} pid={} start_ticks={} number={} generation={} parent={} format={}.{} clock={} shift={} hz={} "
        "first_time={}",
        printable(image.path), header.image.pid, header.image.start_ticks, header.image.number, header.generation,
        header.parent.pid, header.major, header.minor, static_cast<uint32_t>(header.clock), header.time_shift,
        header.clock_hz, header.first_time);
    if (image.damage.unreadable_bytes != 0) {
      line("unreadable bytes={} at={} reason={}", image.damage.unreadable_bytes, image.damage.unreadable_at,
           image.damage.unreadable_reason);
    }
    if (image.snapshot != nullptr) {
      const SnapshotHeap& heap = image.snapshot->heap();
      line("snapshot number={} time={} events={} last_time={} peak_bytes={} peak_blocks={} peak_time={}",
           image.snapshot->number(), heap.time, heap.events, heap.last_time, heap.peak_bytes, heap.peak_blocks,
           heap.peak_time);
    }
    if (image.damage.lost_segments != 0) line("lost segments={}", image.damage.lost_segments);
  }

  void add_segments(const Image& image) {
    for (const FoundSegment& segment : image.record_segments) add_segment(segment);
    for (const StreamSegments& stream : image.streams) {
      for (const FoundSegment& segment : stream.segments) add_segment(segment);
    }
  }

  void add_segment(const FoundSegment& segment) {
    if (!wants(segment.header.stream_id)) return;
    const SegmentHeader& header = segment.header;
    line("segment stream={} sequence={} kind={} at={}{} payload={} events={} first_time={} last_time={} tid={}",
         header.stream_id, header.sequence, static_cast<uint32_t>(header.kind), segment.in_window ? "window:" : "",
         segment.offset, segment.payload.size(), header.event_count, header.first_time, header.last_time, header.tid);
  }

  void add_records(const Image& image) {
    uint64_t count = 0;
    for (const FoundSegment& segment : image.record_segments) {
      if (!wants(segment.header.stream_id)) continue;
      Cursor in(segment.payload.data(), segment.payload.data() + segment.payload.size());
      RawRecord record;
      while (count < options_.limit && next_record(in, record)) {
        line("{}", record_text(record));
        ++count;
      }
    }
  }

  void add_events(const Image& image) {
    EventStream stream(image);
    uint64_t count = 0;
    for (StepRun run = stream.next(); !run.steps.empty() && count < options_.limit; run = stream.next()) {
      if (!wants(raw(run.stream_id))) continue;
      for (const HeapStep& step : run.steps) {
        const double seconds = static_cast<double>(image.clock.since_start_ns(step.time)) / 1e9;
        if (seconds < options_.from_s || seconds >= options_.to_s || count == options_.limit) continue;
        add_step(raw(run.stream_id), seconds, step);
        ++count;
      }
    }
  }

  // Prints size, stack and flags only for kinds of steps that have them.
  void add_step(uint32_t stream_id, double seconds, const HeapStep& step) {
    std::string fields;
    const bool sizeless = step.kind == HeapStepKind::kFree || step.kind == HeapStepKind::kReallocRelease;
    if (!sizeless) fields += fmt::format(" size={}", step.size);
    if (acquires(step.kind)) fields += fmt::format(" stack={}", raw(step.stack));
    if (step.kind == HeapStepKind::kMap || step.kind == HeapStepKind::kRemapAcquire)
      fields += fmt::format(" flags={}", step.flags);
    line("{:.9f} time={} stream={} {} {} {:#x}{}", seconds, step.time, stream_id, name_of(step.kind),
         cistern::name_of(step.domain), step.address, fields);
  }

  static constexpr size_t kFlushBytes = 1 << 20;
  const DumpOptions& options_;
  bool segments_ = false;
  bool records_ = false;
  bool events_ = false;
  fmt::memory_buffer buffer_;
};

}  // namespace

void write_dump(const Image& image, const DumpOptions& options) {
  Dumper(options).dump(image);
}

}  // namespace cistern::analyzer
