#include "analyzer/read/snapshot.h"

#include <algorithm>

#include "analyzer/pack/segment_codec.h"
#include "cistern/format/limits.h"

namespace cistern::analyzer {
namespace {

uint64_t snapshot_of(const FoundSegment& segment) noexcept {
  return segment.header.sequence >> kSnapshotPartBits;
}
uint64_t part_of(const FoundSegment& segment) noexcept {
  return segment.header.sequence & ((uint64_t{1} << kSnapshotPartBits) - 1);
}

}  // namespace

std::unique_ptr<const Snapshot> Snapshot::read(std::span<const FoundSegment> segments) {
  while (!segments.empty()) {
    const uint64_t number = snapshot_of(segments.back());
    size_t begin = segments.size();
    while (begin > 0 && snapshot_of(segments[begin - 1]) == number) --begin;
    auto snapshot = std::make_unique<Snapshot>();
    if (snapshot->take(segments.subspan(begin)) && snapshot->is_consistent()) return snapshot;
    segments = segments.first(begin);
  }
  return nullptr;
}

bool Snapshot::take(std::span<const FoundSegment> segments) {
  number_ = snapshot_of(segments.front());
  SegmentUnpacker unpacker;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (part_of(segments[i]) != i || !is_known(segments[i].header.codec)) return false;
    std::vector<uint8_t> content;
    if (!unpacker.unpack(segments[i].header, segments[i].payload, content)) return false;
    contents_.push_back(std::move(content));
    if (!take_records(contents_.back())) return false;
  }
  const auto heap = row<SnapshotHeap>();
  if (!heap || heap->parts != segments.size()) return false;
  heap_ = *heap;
  return true;
}

bool Snapshot::take_records(const std::vector<uint8_t>& content) {
  Cursor in(content.data(), content.data() + content.size());
  for (RawRecord raw; next_record(in, raw);) {
    if (raw.type != RecordType::kSnapshot) continue;
    SnapshotRecord record;
    Cursor fields(raw.payload);
    if (!get_fields(fields, record)) return false;
    const auto table = static_cast<size_t>(record.table);
    if (table < tables_.size()) tables_[table].push_back(record);
  }
  return in.ok();
}

// Whether all rows of a table can be read and pass `is_sound`.
template <typename Row, typename F>
bool Snapshot::check(F&& is_sound) const {
  bool sound = true;
  for (const SnapshotRecord& part : parts_of<Row>()) {
    if (!for_each_row<Row>(part, [&](const Row& row) { sound = sound && is_sound(row); })) return false;
  }
  return sound;
}

bool Snapshot::is_consistent() {
  uint64_t sites = 0;
  const auto known_id = [](uint64_t id) { return id <= UINT32_MAX; };
  const bool sites_sound = check<SnapshotSite>([&](const SnapshotSite& row) {
    ++sites;
    return known_id(row.stack) && known_id(row.stream_id) && row.domain < kMaxSnapshotDomains;
  });
  if (!sites_sound || sites > kMaxSnapshotSites || !blocks_are_sound(sites) || !growth_is_sound(sites)) return false;
  uint64_t domains = 0;
  if (!check<SnapshotDomain>([&](const SnapshotDomain&) { return ++domains <= kMaxSnapshotDomains; })) return false;
  if (!check<SnapshotMark>([](const SnapshotMark&) { return true; })) return false;
  const bool positions_sound = check<SnapshotPosition>([&](const SnapshotPosition& row) {
    if (!known_id(row.stream_id) || (!positions_.empty() && row.stream_id <= positions_.back().stream_id)) return false;
    positions_.push_back(row);
    return true;
  });
  uint64_t points = 0;
  return positions_sound && check<SnapshotPoolPoint>([&](const SnapshotPoolPoint& row) {
           return row.time <= heap_.time && ++points <= kMaxPoolPoints;
         });
}

bool Snapshot::blocks_are_sound(uint64_t sites) const {
  const auto known_stream = [](uint64_t stream_id) { return stream_id <= UINT32_MAX; };
  uint64_t mapped_to = 0;
  uint64_t last_arena = 0;
  bool first_arena = true;
  return check<SnapshotBlock>([&](const SnapshotBlock& row) { return row.site < sites; }) &&
         check<SnapshotRealloc>(
             [&](const SnapshotRealloc& row) { return row.site < sites && known_stream(row.stream_id); }) &&
         check<SnapshotRemap>([&](const SnapshotRemap& row) { return known_stream(row.stream_id); }) &&
         check<SnapshotDisplaced>(
             [&](const SnapshotDisplaced& row) { return row.site < sites && known_stream(row.stream_id); }) &&
         check<SnapshotOrphan>([&](const SnapshotOrphan& row) { return known_stream(row.stream_id); }) &&
         check<SnapshotMapping>([&](const SnapshotMapping& row) {
           if (row.site >= sites || row.flags > UINT32_MAX || row.begin >= row.end || row.begin < mapped_to)
             return false;
           mapped_to = row.end;
           return true;
         }) &&
         check<SnapshotArena>([&](const SnapshotArena& row) {
           if (row.stack > UINT32_MAX || (!first_arena && row.base <= last_arena)) return false;
           if (row.size > UINT64_MAX - row.base) return false;
           first_arena = false;
           last_arena = row.base;
           return true;
         }) &&
         check<SnapshotPool>([](const SnapshotPool& row) { return row.size_class < kPoolSizeClasses; });
}

bool Snapshot::growth_is_sound(uint64_t sites) const {
  uint64_t windows = 0;
  uint64_t last_begin = 0;
  const auto growth = row<SnapshotGrowth>();
  const auto life = row<SnapshotPoolLife>();
  if (growth && (!std::has_single_bit(growth->mark_step) || growth->window_length == 0)) return false;
  if (life && life->curve_shift > kMaxCurveShift) return false;
  const bool windows_sound = check<SnapshotWindow>([&](const SnapshotWindow& row) {
    const bool in_order = row.begin >= last_begin;
    last_begin = row.begin;
    return in_order && ++windows <= kMaxGrowthWindows;
  });
  // Rows are in order of site and window.
  const auto counts_are_sound = [sites](uint64_t limit) {
    return [sites, limit, last = SnapshotCount{}](const SnapshotCount& row) mutable {
      const bool in_order = row.site > last.site || (row.site == last.site && row.window >= last.window);
      last = row;
      return in_order && row.site < sites && row.window < limit && row.count <= UINT32_MAX;
    };
  };
  return windows_sound && check<SnapshotWindowCount>(counts_are_sound(windows)) &&
         check<SnapshotMarkCount>(counts_are_sound(kMaxGrowthWindows)) &&
         check<SnapshotOpenCount>(
             [&](const SnapshotOpenCount& row) { return row.site < sites && row.count <= UINT32_MAX; });
}

SnapshotPosition Snapshot::position_of(StreamId stream_id) const noexcept {
  const auto at = std::lower_bound(positions_.begin(), positions_.end(), raw(stream_id),
                                   [](const SnapshotPosition& row, uint32_t wanted) { return row.stream_id < wanted; });
  return at != positions_.end() && at->stream_id == raw(stream_id) ? *at : SnapshotPosition{raw(stream_id), 0, 0};
}

}  // namespace cistern::analyzer
