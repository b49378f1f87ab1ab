// Sites: who asks for memory, that is a stack, a thread and a domain. A block names its site by an index, and each site
// has its figures: what is live, what was live at the peak, what was ever allocated.
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
};

// One cache line.
struct alignas(64) SiteFigures {
  Amount live;
  Amount at_peak;    // right only after Sites::settle_peak()
  Amount allocated;  // ever; a realloc counts with its new size
  uint64_t epoch = 0;
  Domain domain = Domain::kMalloc;  // of the site
};
static_assert(sizeof(SiteFigures) == 64);

// The peak is kept without walking all sites at each new one: a new peak is a new epoch, and a site whose figures
// change for the first time in an epoch keeps what it had, for that is what it had at the peak.
class Sites {
 public:
  // Finds or makes the site. Cost: a table of stacks by domain, for the stream that asked last; behind it a
  // direct-mapped cache, and a hash map.
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
  // Something that was allocated before is live again, or a part of it on its own.
  void restore(uint32_t site, uint64_t size_bytes) noexcept { touch(site).live.add(size_bytes); }

  // A site with what it had before anything of it is live.
  void load(const Site& site, const Amount& at_peak, const Amount& allocated);
  // Live at the time of loading: no allocation, and the peak is as it was loaded.
  void load_live(uint32_t site, uint64_t size_bytes) noexcept { figures_[site].live.add(size_bytes); }

  void begin_epoch() noexcept { ++epoch_; }
  void settle_peak() noexcept;

  size_t size() const noexcept { return sites_.size(); }
  const Site& site(uint32_t index) const noexcept { return sites_[index]; }
  // site(index).domain; costs nothing where the site's figures are used anyway.
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
  // Stacks are numbered as they were seen first, so the table has few holes. Ids that are not get no place.
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
