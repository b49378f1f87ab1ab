#include "analyzer/pools/pool_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace cistern::analyzer {
namespace {

constexpr uint64_t kMiB = 1 << 20;
constexpr uint64_t kBase = 0x7f0000000000;

// Events by hand; a tick each.
struct Played {
  PoolTable pools;
  uint64_t time = 1;
  std::map<uint64_t, Block> live;

  void arena(uint64_t base, uint64_t size = kMiB) { pools.on_arena_made(time++, base, {size, 0, {}}); }
  void no_arena(uint64_t base) { pools.on_arena_freed(time++, base); }
  void alloc(uint64_t address, uint64_t size) {
    live[address] = {size, time, 0};
    pools.on_alloc(time++, address, live[address]);
  }
  void free(uint64_t address) {
    pools.on_free(time++, address, live.at(address));
    live.erase(address);
  }
  void realloc(uint64_t from, uint64_t to, uint64_t size) {
    const Block was = live.at(from);
    live.erase(from);
    live[to] = {size, was.birth, 0};
    pools.on_realloc(time++, from, was, to, live[to]);
  }
};

TEST(PoolTable, BlockCountsInTheClassOfItsSize) {
  Played played;
  played.arena(kBase);
  played.alloc(kBase + 48, 1);
  played.alloc(kBase + 16384 + 48, 16);
  played.alloc(kBase + 2 * 16384 + 48, 17);
  played.alloc(kBase + 3 * 16384 + 48, 512);
  EXPECT_EQ(played.pools.classes()[0], (PoolClass{2, 2}));
  EXPECT_EQ(played.pools.classes()[1], (PoolClass{1, 1}));
  EXPECT_EQ(played.pools.classes()[31], (PoolClass{1, 1}));
  EXPECT_EQ(played.pools.used_bytes(), 16u + 16 + 32 + 512);
  EXPECT_EQ(played.pools.requested_bytes(), 1u + 16 + 17 + 512);
  EXPECT_EQ(played.pools.free_blocks(0), 2 * (16336u / 16) - 2);
  EXPECT_EQ(played.pools.free_pools(), 60u);
  EXPECT_EQ(played.pools.arena_bytes(), kMiB);
}

TEST(PoolTable, BlocksOutsideArenasAndLargeBlocksDoNotCount) {
  Played played;
  played.alloc(kBase + 48, 100);  // before there is any arena
  played.arena(kBase + kMiB);
  played.alloc(kBase + 96, 100);
  played.alloc(kBase + kMiB + 48, 513);
  EXPECT_EQ(played.pools.used_blocks(), 0u);
  played.free(kBase + 48);
  played.free(kBase + kMiB + 48);
  EXPECT_EQ(played.pools.used_blocks(), 0u);
}

TEST(PoolTable, BlockShrunkInPlaceStaysInItsClass) {
  Played played;
  played.arena(kBase);
  played.alloc(kBase + 48, 96);
  played.realloc(kBase + 48, kBase + 48, 73);
  EXPECT_EQ(played.pools.classes()[5], (PoolClass{1, 1}));
  EXPECT_EQ(played.pools.requested_bytes(), 73u);
  played.free(kBase + 48);
  EXPECT_EQ(played.pools.used_bytes(), 0u);
  EXPECT_EQ(played.pools.requested_bytes(), 0u);
  played.alloc(kBase + 48, 73);
  EXPECT_EQ(played.pools.classes()[4], (PoolClass{1, 1})) << "an emptied pool takes the class of its next block";
  EXPECT_EQ(played.pools.classes()[5], PoolClass{});
}

TEST(PoolTable, ReallocMovesABlockBetweenPoolsAndOutOfThem) {
  Played played;
  played.arena(kBase);
  played.alloc(kBase + 48, 96);
  played.realloc(kBase + 48, kBase + 16384 + 48, 200);
  EXPECT_EQ(played.pools.classes()[5], PoolClass{});
  EXPECT_EQ(played.pools.classes()[12], (PoolClass{1, 1}));
  played.realloc(kBase + 16384 + 48, 0x5000, 2000);
  EXPECT_EQ(played.pools.pools_in_use(), 0u);
  played.realloc(0x5000, kBase + 48, 30);
  EXPECT_EQ(played.pools.classes()[1], (PoolClass{1, 1}));
}

TEST(PoolTable, UnalignedArenaHasOnePoolLess) {
  Played played;
  played.arena(kBase + 4096);
  EXPECT_EQ(played.pools.free_pools(), 63u);
  EXPECT_EQ(played.pools.overhead_bytes(), 16384u);
  played.alloc(kBase + 4096, 16);  // in front of the first pool
  EXPECT_EQ(played.pools.used_blocks(), 0u);
  played.alloc(kBase + 16384 + 48, 16);
  EXPECT_EQ(played.pools.used_blocks(), 1u);
}

TEST(PoolTable, ArenasOf256KiBHavePoolsOf4KiB) {
  Played played;
  played.arena(kBase, 256 << 10);
  played.alloc(kBase + 48, 96);
  played.alloc(kBase + 4096 + 48, 96);
  EXPECT_EQ(played.pools.classes()[5], (PoolClass{2, 2}));
  EXPECT_EQ(played.pools.free_blocks(5), 2 * 42u - 2);
  EXPECT_EQ(played.pools.arena_bytes(), 256u << 10);
}

TEST(PoolTable, ArenasOfUnknownSizeAreIgnoredAndCounted) {
  Played played;
  played.arena(kBase, 16384);
  EXPECT_EQ(played.pools.arenas(), 0u);
  EXPECT_EQ(played.pools.unknown_arenas(), 1u);
}

TEST(PoolTable, ArenaFreedBeforeTheReallocThatEmptiesItIsHandled) {
  Played played;
  played.arena(kBase);
  played.arena(kBase + kMiB);
  played.alloc(kBase + 48, 100);
  played.no_arena(kBase);
  EXPECT_EQ(played.pools.used_bytes(), 0u);
  EXPECT_EQ(played.pools.requested_bytes(), 0u);
  played.realloc(kBase + 48, kBase + kMiB + 48, 30);
  EXPECT_EQ(played.pools.used_bytes(), 32u);
  EXPECT_EQ(played.pools.arenas(), 1u);
  played.arena(kBase);
  EXPECT_EQ(played.pools.free_pools(), 127u) << "the place is taken again, and is empty";
}

TEST(PoolTable, DebugLayerBytesCountInTheSizeClass) {
  Played played;
  played.pools = PoolTable(PoolTable::kDebugBytes);
  played.arena(kBase);
  played.alloc(kBase + 64, 40);
  EXPECT_EQ(played.pools.classes()[3], (PoolClass{1, 1}));
  played.alloc(kBase + 16384 + 64, 489);
  EXPECT_EQ(played.pools.used_blocks(), 1u);
}

TEST(PoolTable, WorstMomentIsRightAfterTheFreeThatLeavesMostUnused) {
  Played played;
  played.arena(kBase);
  std::vector<uint64_t> blocks;
  for (uint64_t address = kBase + 48; address + 512 <= kBase + 16384; address += 512) blocks.push_back(address);
  for (const uint64_t address : blocks) played.alloc(address, 512);
  played.arena(kBase + kMiB);
  for (const uint64_t address : blocks) played.free(address);
  EXPECT_EQ(played.pools.worst_held_unused_bytes(), 2 * kMiB);
  EXPECT_EQ(played.pools.worst_moment(), played.time) << "right after the last free";
  played.alloc(kBase + 48, 16);
  played.no_arena(kBase + kMiB);
  EXPECT_EQ(played.pools.worst_held_unused_bytes(), 2 * kMiB);
  EXPECT_EQ(played.pools.peak_arena_bytes(), 2 * kMiB);
}

// Whatever happens, what is kept event by event equals what a count of all live blocks says.
TEST(PoolTable, FiguresEqualACountOfAllBlocksAfterRandomEvents) {
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    std::mt19937 random(seed);
    Played played;
    std::map<uint64_t, size_t> class_of_pool;  // as a plain model has them
    std::map<uint64_t, uint64_t> used_of_pool;
    for (uint64_t i = 0; i < 4; ++i) played.arena(kBase + i * 3 * kMiB);
    for (int step = 0; step < 5000; ++step) {
      if (random() % 2 == 0 || played.live.empty()) {
        const uint64_t pool = kBase + random() % 4 * 3 * kMiB + random() % 64 * 16384;
        if (used_of_pool[pool] == 0) class_of_pool[pool] = random() % kSizeClasses;
        const uint64_t bytes = PoolTable::class_bytes(class_of_pool[pool]);
        const uint64_t address = pool + 48 + random() % ((16384 - 48) / bytes) * bytes;
        if (played.live.contains(address)) continue;
        played.alloc(address, bytes - random() % 16);
        ++used_of_pool[pool];
      } else {
        const auto victim = std::next(played.live.begin(), static_cast<int>(random() % played.live.size()));
        --used_of_pool[victim->first & ~uint64_t{16383}];
        played.free(victim->first);
      }
    }
    std::array<PoolClass, kSizeClasses> expected{};
    uint64_t used_bytes = 0;
    for (const auto& [pool, used] : used_of_pool) {
      if (used == 0) continue;
      ++expected[class_of_pool[pool]].pools;
      expected[class_of_pool[pool]].used += used;
      used_bytes += used * PoolTable::class_bytes(class_of_pool[pool]);
    }
    EXPECT_EQ(played.pools.classes(), expected) << "seed " << seed;
    EXPECT_EQ(played.pools.used_bytes(), used_bytes);
    uint64_t in_arenas = 0;
    for (uint32_t i = 0; i < played.pools.arena_slots(); ++i) in_arenas += played.pools.arena(i).used_bytes;
    EXPECT_EQ(in_arenas, used_bytes);
  }
}

}  // namespace
}  // namespace cistern::analyzer
