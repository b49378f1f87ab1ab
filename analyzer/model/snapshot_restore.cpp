// A heap model written as an snapshot's tables, and read from them.
#include <algorithm>
#include <vector>

#include "analyzer/model/heap_model.h"

namespace cistern::analyzer {

void HeapModel::load(const Snapshot& snapshot) {
  snapshot.for_each<SnapshotSite>([&](const SnapshotSite& row) {
    const Site site{StackId{static_cast<uint32_t>(row.stack)}, StreamId{static_cast<uint32_t>(row.stream_id)},
                    static_cast<Domain>(row.domain)};
    sites_.load(site, {row.peak_bytes, row.peak_blocks}, {row.allocated_bytes, row.allocated_blocks});
  });
  size_t domain = 0;
  snapshot.for_each<SnapshotDomain>([&](const SnapshotDomain& row) {
    frees_[domain] = static_cast<int64_t>(row.other_frees);
    reallocs_[domain++] = row.reallocs;
  });
  load_live(snapshot);
  load_unfinished(snapshot);
  load_totals(snapshot.heap());
}

void HeapModel::load_totals(const SnapshotHeap& heap) {
  totals_.at_peak = {heap.peak_bytes, heap.peak_blocks};
  totals_.peak_time = heap.peak_time;
  totals_.unknown_frees = heap.unknown_frees;
  totals_.unknown_unmaps = heap.unknown_unmaps;
  totals_.implied_frees = heap.implied_frees;
  totals_.inversions = heap.inversions;
  arenas_.load_past(heap.arenas_made, heap.arena_peak_bytes);
}

void HeapModel::load_live(const Snapshot& snapshot) {
  const auto count = [&](uint32_t site, uint64_t size_bytes) {
    sites_.load_live(site, size_bytes);
    totals_.live.add(size_bytes);
  };
  snapshot.for_each<SnapshotArena>([&](const SnapshotArena& row) {
    arenas_.make(row.base, {row.size, row.birth, StackId{static_cast<uint32_t>(row.stack)}});
    blocks_.make_arena(row.base, row.size);
  });
  snapshot.for_each<SnapshotBlock>([&](const SnapshotBlock& row) {
    const Block block{row.size, row.birth, known_site(row.site)};
    Block was;
    if (blocks_.put(row.address, block, was)) count_free(was);
    count(block.site, block.size_bytes);
  });
  snapshot.for_each<SnapshotMapping>([&](const SnapshotMapping& row) {
    const Mapping mapping{row.end, row.birth, known_site(row.site), static_cast<uint32_t>(row.flags)};
    mappings_.insert(row.begin, mapping);
    if (mapping.counts()) count(mapping.site, row.end - row.begin);
  });
  snapshot.for_each<SnapshotRealloc>([&](const SnapshotRealloc& row) {
    const Block block{row.size, row.birth, known_site(row.site)};
    moving_.push_back({StreamId{static_cast<uint32_t>(row.stream_id)}, row.address, block});
    count(block.site, block.size_bytes);
  });
}

void HeapModel::load_unfinished(const Snapshot& snapshot) {
  snapshot.for_each<SnapshotRemap>([&](const SnapshotRemap& row) {
    moved_.push_back({StreamId{static_cast<uint32_t>(row.stream_id)}, row.address, row.birth});
  });
  snapshot.for_each<SnapshotDisplaced>([&](const SnapshotDisplaced& row) {
    inversions_.displaced(row.address, row.time, StreamId{static_cast<uint32_t>(row.stream_id)},
                          {row.size, row.birth, known_site(row.site)});
  });
  snapshot.for_each<SnapshotOrphan>([&](const SnapshotOrphan& row) {
    inversions_.orphaned(row.address, row.time, StreamId{static_cast<uint32_t>(row.stream_id)});
  });
}

void HeapModel::save(SnapshotWriter& out, SnapshotHeap& heap) {
  settle_peak();
  heap.peak_bytes = totals_.at_peak.bytes;
  heap.peak_blocks = totals_.at_peak.blocks;
  heap.peak_time = totals_.peak_time;
  heap.unknown_frees = totals_.unknown_frees;
  heap.unknown_unmaps = totals_.unknown_unmaps;
  heap.implied_frees = totals_.implied_frees;
  heap.inversions = totals_.inversions;
  heap.arenas_made = arenas_.made();
  heap.arena_peak_bytes = arenas_.peak_bytes();
  for (uint32_t index = 0; index < sites_.size(); ++index) {
    const Site& site = sites_.site(index);
    const SiteFigures& figures = sites_.figures(index);
    out.add(SnapshotSite{raw(site.stack), raw(site.stream_id), static_cast<uint64_t>(site.domain),
                         figures.at_peak.bytes, figures.at_peak.blocks, figures.allocated.bytes,
                         figures.allocated.blocks});
  }
  for (size_t domain = 0; domain < kDomainNumbers; ++domain) {
    out.add(SnapshotDomain{static_cast<uint64_t>(frees_[domain]), reallocs_[domain]});
  }
  save_live(out);
  save_unfinished(out);
}

// Blocks that lie in pools come pool by pool, the others in order of their addresses: neighbours are alike.
void HeapModel::save_live(SnapshotWriter& out) const {
  for (const auto& [base, arena] : arenas_.by_base()) {
    out.add(SnapshotArena{base, arena.size_bytes, arena.birth, raw(arena.stack)});
  }
  std::vector<SnapshotBlock> elsewhere;
  blocks_.elsewhere().for_each([&](uint64_t address, const Block& block) {
    elsewhere.push_back({address, block.size_bytes, block.birth, block.site});
  });
  std::sort(elsewhere.begin(), elsewhere.end(),
            [](const SnapshotBlock& a, const SnapshotBlock& b) { return a.address < b.address; });
  blocks_.for_each_in_pools([&](uint64_t address, const Block& block) {
    out.add(SnapshotBlock{address, block.size_bytes, block.birth, block.site});
  });
  for (const SnapshotBlock& block : elsewhere) out.add(block);
  mappings_.for_each([&](uint64_t begin, const Mapping& mapping) {
    out.add(SnapshotMapping{begin, mapping.end, mapping.birth, mapping.site, mapping.flags});
  });
}

void HeapModel::save_unfinished(SnapshotWriter& out) const {
  for (const Moving& moving : moving_) {
    out.add(SnapshotRealloc{raw(moving.stream_id), moving.address, moving.block.size_bytes, moving.block.birth,
                            moving.block.site});
  }
  for (const Moved& moved : moved_) out.add(SnapshotRemap{raw(moved.stream_id), moved.address, moved.birth});
  for (const auto& entry : inversions_.displaced()) {
    out.add(SnapshotDisplaced{entry.address, entry.time, raw(entry.stream_id), entry.block.size_bytes,
                              entry.block.birth, entry.block.site});
  }
  for (const auto& entry : inversions_.orphaned()) {
    out.add(SnapshotOrphan{entry.address, entry.time, raw(entry.stream_id)});
  }
}

}  // namespace cistern::analyzer
