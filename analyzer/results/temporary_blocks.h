// Heap observer that finds temporary blocks: blocks that are freed before the next few allocations of the thread that
// allocated them. Cost: a few instructions for each event. Memory: proportional to threads times threshold, plus sites.
// Not thread-safe.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <vector>

#include "analyzer/model/heap_observer.h"
#include "analyzer/model/sites.h"
#include "analyzer/read/mixed_hash.h"

namespace cistern::analyzer {

class TemporaryBlocks : public HeapObserver {
 public:
  // A block is temporary when it is freed before the `threshold`-th next allocation or realloc of the thread that
  // allocated it; 1: before the next one. Requires: threshold > 0; `sites`, those of the heap, outlive this object.
  TemporaryBlocks(const Sites& sites, size_t threshold) : sites_(sites), threshold_(threshold) {}

  void on_alloc(uint64_t time, uint64_t address, const Block& block) { remember(block.site, time, address); }
  void on_realloc(uint64_t time, uint64_t old_address, const Block& was, uint64_t address, const Block& block);
  void on_free(uint64_t time, uint64_t address, const Block& block);

  // Temporary blocks by site. Shorter than the number of sites when the last sites have none.
  const std::vector<Amount>& found() const noexcept { return found_; }

 private:
  struct Allocation {
    uint64_t time = 0;
    uint64_t address = 0;
  };
  // Ring of a thread's last `threshold` allocations. When it is full, `next` is the oldest.
  struct Recent {
    std::vector<Allocation> ring;
    size_t next = 0;
  };

  Recent& recent_of(uint32_t site) { return recent_[raw(sites_.site(site).stream_id)]; }
  void remember(uint32_t site, uint64_t time, uint64_t address);
  uint64_t oldest_time(const Recent& recent) const;
  Allocation* find(Recent& recent, uint64_t birth, uint64_t address) const;
  bool is_recent(Recent& recent, uint64_t birth, uint64_t address) const;

  const Sites& sites_;
  size_t threshold_;
  tsl::robin_map<uint32_t, Recent, MixedHash> recent_;  // by stream
  std::vector<Amount> found_;
};

}  // namespace cistern::analyzer
