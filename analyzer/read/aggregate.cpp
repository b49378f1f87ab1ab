#include "analyzer/read/aggregate.h"

#include <algorithm>

#include "analyzer/pack/segment_codec.h"

namespace cistern::analyzer {
namespace {

constexpr uint64_t kMostWindows = 256;  // of the allocation clock, and between marks
constexpr uint64_t kMostPoints = 512;   // of the pools' curve
constexpr uint64_t kMostDomains = 8;
constexpr uint64_t kSizeClasses = 32;

uint64_t checkpoint_of(const FoundSegment& segment) noexcept {
  return segment.header.sequence >> kAggregatePartBits;
}
uint64_t part_of(const FoundSegment& segment) noexcept {
  return segment.header.sequence & ((uint64_t{1} << kAggregatePartBits) - 1);
}

}  // namespace

std::unique_ptr<const Aggregate> Aggregate::read(std::span<const FoundSegment> segments) {
  while (!segments.empty()) {
    const uint64_t checkpoint = checkpoint_of(segments.back());
    size_t begin = segments.size();
    while (begin > 0 && checkpoint_of(segments[begin - 1]) == checkpoint) --begin;
    auto aggregate = std::make_unique<Aggregate>();
    if (aggregate->take(segments.subspan(begin)) && aggregate->is_consistent()) return aggregate;
    segments = segments.first(begin);
  }
  return nullptr;
}

bool Aggregate::take(std::span<const FoundSegment> segments) {
  checkpoint_ = checkpoint_of(segments.front());
  SegmentUnpacker unpacker;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (part_of(segments[i]) != i || !is_known(segments[i].header.codec)) return false;
    std::vector<uint8_t> content;
    if (!unpacker.unpack(segments[i].header, segments[i].payload, content)) return false;
    contents_.push_back(std::move(content));
    if (!take_records(contents_.back())) return false;
  }
  const auto heap = row<AggregateHeap>();
  if (!heap || heap->parts != segments.size()) return false;
  heap_ = *heap;
  return true;
}

bool Aggregate::take_records(const std::vector<uint8_t>& content) {
  Cursor in(content.data(), content.data() + content.size());
  for (RawRecord raw; next_record(in, raw);) {
    if (raw.type != RecordType::kAggregate) continue;
    AggregateRecord record;
    Cursor fields(raw.payload);
    if (!record.get(fields)) return false;
    const auto table = static_cast<size_t>(record.table);
    if (table < tables_.size()) tables_[table].push_back(record);
  }
  return in.ok();
}

// Whether all rows of a table can be read and are sound.
template <typename Row, typename F>
bool Aggregate::check(F&& is_sound) const {
  bool sound = true;
  for (const AggregateRecord& part : parts_of<Row>()) {
    if (!for_each_row<Row>(part, [&](const Row& row) { sound = sound && is_sound(row); })) return false;
  }
  return sound;
}

bool Aggregate::is_consistent() {
  uint64_t sites = 0;
  const auto known_id = [](uint64_t id) { return id <= UINT32_MAX; };
  const bool sites_sound = check<AggregateSite>([&](const AggregateSite& row) {
    ++sites;
    return known_id(row.stack) && known_id(row.owner) && row.domain < kMostDomains;
  });
  if (!sites_sound || sites > UINT32_MAX / 2 || !blocks_are_sound(sites) || !growth_is_sound(sites)) return false;
  uint64_t domains = 0;
  if (!check<AggregateDomain>([&](const AggregateDomain&) { return ++domains <= kMostDomains; })) return false;
  if (!check<AggregateMark>([](const AggregateMark&) { return true; })) return false;
  const bool positions_sound = check<AggregatePosition>([&](const AggregatePosition& row) {
    if (!known_id(row.owner) || (!positions_.empty() && row.owner <= positions_.back().owner)) return false;
    positions_.push_back(row);
    return true;
  });
  uint64_t points = 0;
  return positions_sound && check<AggregatePoolPoint>([&](const AggregatePoolPoint& row) {
           return row.time <= heap_.time && ++points <= kMostPoints;
         });
}

bool Aggregate::blocks_are_sound(uint64_t sites) const {
  const auto known_owner = [](uint64_t owner) { return owner <= UINT32_MAX; };
  uint64_t mapped_to = 0;
  uint64_t last_arena = 0;
  bool first_arena = true;
  return check<AggregateBlock>([&](const AggregateBlock& row) { return row.site < sites; }) &&
         check<AggregateRealloc>(
             [&](const AggregateRealloc& row) { return row.site < sites && known_owner(row.owner); }) &&
         check<AggregateRemap>([&](const AggregateRemap& row) { return known_owner(row.owner); }) &&
         check<AggregateDisplaced>(
             [&](const AggregateDisplaced& row) { return row.site < sites && known_owner(row.owner); }) &&
         check<AggregateOrphan>([&](const AggregateOrphan& row) { return known_owner(row.owner); }) &&
         check<AggregateMapping>([&](const AggregateMapping& row) {
           if (row.site >= sites || row.flags > UINT32_MAX || row.begin >= row.end || row.begin < mapped_to)
             return false;
           mapped_to = row.end;
           return true;
         }) &&
         check<AggregateArena>([&](const AggregateArena& row) {
           if (row.stack > UINT32_MAX || (!first_arena && row.base <= last_arena)) return false;
           if (row.size > UINT64_MAX - row.base) return false;
           first_arena = false;
           last_arena = row.base;
           return true;
         }) &&
         check<AggregatePool>([](const AggregatePool& row) { return row.size_class < kSizeClasses; });
}

bool Aggregate::growth_is_sound(uint64_t sites) const {
  uint64_t windows = 0;
  uint64_t last_begin = 0;
  const auto growth = row<AggregateGrowth>();
  const auto life = row<AggregatePoolLife>();
  if (growth && (!std::has_single_bit(growth->mark_step) || growth->window_length == 0)) return false;
  if (life && life->curve_shift > 60) return false;
  const bool windows_sound = check<AggregateWindow>([&](const AggregateWindow& row) {
    const bool in_order = row.begin >= last_begin;
    last_begin = row.begin;
    return in_order && ++windows <= kMostWindows;
  });
  // Of each site in order of window.
  const auto counts_are_sound = [sites](uint64_t limit) {
    return [sites, limit, last = AggregateCount{}](const AggregateCount& row) mutable {
      const bool in_order = row.site > last.site || (row.site == last.site && row.window >= last.window);
      last = row;
      return in_order && row.site < sites && row.window < limit && row.count <= UINT32_MAX;
    };
  };
  return windows_sound && check<AggregateWindowCount>(counts_are_sound(windows)) &&
         check<AggregateMarkCount>(counts_are_sound(kMostWindows)) &&
         check<AggregateOpenCount>(
             [&](const AggregateOpenCount& row) { return row.site < sites && row.count <= UINT32_MAX; });
}

AggregatePosition Aggregate::position_of(OwnerId owner) const noexcept {
  const auto at = std::lower_bound(positions_.begin(), positions_.end(), raw(owner),
                                   [](const AggregatePosition& row, uint32_t wanted) { return row.owner < wanted; });
  return at != positions_.end() && at->owner == raw(owner) ? *at : AggregatePosition{raw(owner), 0, 0};
}

}  // namespace cistern::analyzer
