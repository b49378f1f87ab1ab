// Sites. A site is a stack, a thread and a domain that allocate. Blocks refer to their site by index. Each site has
// figures: what is live, what was live at the peak, what was allocated in all.
#pragma once

#include <tsl/robin_map.h>

#include <array>
#include <cstdint>
#include <vector>

#include "cistern/format/domain.h"
#include "cistern/format/ids.h"
#include "cistern/format/limits.h"

namespace cistern::analyzer {

struct Site {
  StackId stack{};
  StreamId stream_id{};
  Domain domain = Domain::kMalloc;
  bool operator==(const Site&) const = default;
};

struct Amount {
  uint64_t bytes = 0;
  uint64_t blocks = 0;
  bool operator==(const Amount&) const = default;
  void add(uint64_t size_bytes) noexcept {
    bytes += size_bytes;
    ++blocks;
  }
  void take(uint64_t size_bytes) noexcept {
    bytes -= size_bytes;
    --blocks;
  }
  Amount& operator+=(const Amount& other) noexcept {
    bytes += other.bytes;
    blocks += other.blocks;
    return *this;
  }
  Amount& operator-=(const Amount& other) noexcept {
    bytes -= other.bytes;
    blocks -= other.blocks;
    return *this;
  }
};

// One cache line.
struct alignas(64) SiteFigures {
  Amount live;
  Amount at_peak;    // valid only after Sites::settle_peak()
  Amount allocated;  // in all; a realloc counts with its new size
  uint64_t epoch = 0;
  Domain domain = Domain::kMalloc;  // of the site
};
static_assert(sizeof(SiteFigures) == 64);

// The peak is kept without a walk over all sites: each new peak begins an epoch. When the figures of a site change for
// the first time in an epoch, they are first copied: these are its figures at the peak.
class Sites {
 public:
  // Finds or adds the site. Cost: one access to a table by stack and domain if the same stream used the entry last;
  // else a direct-mapped cache, then a hash map.
  uint32_t index_of(const Site& site) {
    const size_t at = place_of(site);
    if (at < latest_.size()) [[likely]] {
      const Latest& latest = latest_[at];
      if (latest.number != 0 && latest.stream_id == site.stream_id) [[likely]]
        return latest.number - 1;
    }
    return index_of_another(site);
  }

  void add(uint32_t site, uint64_t size_bytes) noexcept {
    SiteFigures& figures = touch(site);
    figures.live.add(size_bytes);
    figures.allocated.add(size_bytes);
  }
  void take(uint32_t site, uint64_t size_bytes) noexcept { touch(site).live.take(size_bytes); }
  // A block that was allocated before is live again, or a part of it.
  void restore(uint32_t site, uint64_t size_bytes) noexcept { touch(site).live.add(size_bytes); }

  // Adds a site with its figures, without live blocks.
  void load(const Site& site, const Amount& at_peak, const Amount& allocated);
  // Adds a live block without counting an allocation or changing the peak.
  void load_live(uint32_t site, uint64_t size_bytes) noexcept { figures_[site].live.add(size_bytes); }

  void begin_epoch() noexcept { ++epoch_; }
  void settle_peak() noexcept;

  size_t size() const noexcept { return sites_.size(); }
  const Site& site(uint32_t index) const noexcept { return sites_[index]; }
  // site(index).domain, but on the cache line of the figures.
  Domain domain(uint32_t index) const noexcept { return figures_[index].domain; }
  const SiteFigures& figures(uint32_t index) const noexcept { return figures_[index]; }

 private:
  struct Hash {
    size_t operator()(const Site& site) const noexcept {
      uint64_t bits = raw(site.stack) | uint64_t{raw(site.stream_id)} << 32;
      bits = (bits ^ static_cast<uint64_t>(site.domain) << 60) * 0x9E3779B97F4A7C15u;
      return static_cast<size_t>(bits ^ bits >> 32);
    }
  };
  static constexpr size_t kCacheSlots = 16384;
  struct Cached {
    Site site;
    uint32_t number = 0;  // index + 1; 0: nothing cached
  };
  static_assert(sizeof(Cached) == 16);
  static size_t slot_of(const Site& site) noexcept { return Hash{}(site) % kCacheSlots; }
  struct Latest {
    StreamId stream_id{};
    uint32_t number = 0;  // index + 1; 0: none
  };
  // Stack ids are consecutive, so the table has few holes. A stack with a much greater id has no entry.
  static constexpr size_t kPlacesOfSite = 64;
  static constexpr size_t kFirstPlaces = 1 << 17;
  static size_t place_of(const Site& site) noexcept {
    return site.domain >= Domain::kMmap ? SIZE_MAX : size_t{raw(site.stack)} * 4 + static_cast<size_t>(site.domain);
  }
  uint32_t index_of_another(const Site& site);
  uint32_t look_up(const Site& site);

  SiteFigures& touch(uint32_t site) noexcept {
    SiteFigures& figures = figures_[site];
    if (figures.epoch < epoch_) {
      figures.at_peak = figures.live;
      figures.epoch = epoch_;
    }
    return figures;
  }

  std::vector<Site> sites_;
  std::vector<SiteFigures> figures_;
  tsl::robin_map<Site, uint32_t, Hash> index_;
  std::array<Cached, kCacheSlots> cache_{};
  std::vector<Latest> latest_;
  uint64_t epoch_ = 1;
};

}  // namespace cistern::analyzer
