#include "analyzer/model/heap_model.h"

#include <gtest/gtest.h>

#include <map>

#include "analyzer/model/replay.h"
#include "tests/builders/plain_heap.h"
#include "tests/builders/recording.h"

namespace cistern::analyzer {
namespace {

// A recording, played to its end.
struct Played {
  explicit Played(Recording& recording) : profile(recording.read()), replay(profile.images.front(), nullptr) {
    replay.run_until(UINT64_MAX);
    replay.model().settle_peak();
  }
  const HeapTotals& totals() { return replay.model().totals(); }
  DomainTotals of(Domain domain) { return replay.model().domains()[number_of(domain)]; }
  std::map<uint64_t, Block> live() {
    std::map<uint64_t, Block> blocks;
    replay.model().for_each_live([&](uint64_t address, const Block& block) { blocks[address] = block; });
    return blocks;
  }
  const Site& site(const Block& block) { return replay.model().sites().site(block.site); }

  Profile profile;
  Replay replay;
};

TEST(HeapModel, EqualsAPlainHeapOnRandomStreamsOfSeveralThreads) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    Recording recording;
    const PlainHeap plain = play_random_events(seed, 3000, 1 + seed % 5, recording);
    Played played(recording);
    EXPECT_EQ(played.totals().live.bytes, plain.bytes()) << "seed " << seed;
    EXPECT_EQ(played.totals().live.blocks, plain.blocks.size());
    EXPECT_EQ(played.totals().unknown_frees, 0u);
    EXPECT_EQ(played.totals().implied_frees, 0u);
    const auto live = played.live();
    ASSERT_EQ(live.size(), plain.blocks.size());
    for (const auto& [address, block] : plain.blocks) {
      ASSERT_TRUE(live.contains(address));
      const Block& found = live.at(address);
      EXPECT_EQ(found.size_bytes, block.size);
      EXPECT_EQ(found.birth, block.birth);
      EXPECT_EQ(played.site(found).stack, block.stack);
      EXPECT_EQ(raw(played.site(found).stream_id), block.stream_id);
    }
  }
}

TEST(HeapModel, FindsThePeakAndTheFiguresOfEachStackThen) {
  for (uint32_t seed = 100; seed < 115; ++seed) {
    Recording recording;
    const PlainHeap plain = play_random_events(seed, 2000, 3, recording);
    Played played(recording);
    EXPECT_EQ(played.totals().at_peak.bytes, plain.peak_bytes);
    EXPECT_EQ(played.totals().at_peak.blocks, plain.at_peak.size());
    EXPECT_EQ(played.totals().peak_time, plain.peak_time);
    std::map<uint32_t, Amount> expected;
    for (const auto& [address, block] : plain.at_peak) expected[raw(block.stack)].add(block.size);
    std::map<uint32_t, Amount> found;
    const Sites& sites = played.replay.model().sites();
    for (uint32_t i = 0; i < sites.size(); ++i) {
      const Amount& amount = sites.figures(i).at_peak;
      if (amount.blocks == 0) continue;
      found[raw(sites.site(i).stack)].bytes += amount.bytes;
      found[raw(sites.site(i).stack)].blocks += amount.blocks;
    }
    EXPECT_EQ(found, expected) << "seed " << seed;
  }
}

TEST(HeapModel, CountsABlockOfSizeZero) {
  Recording recording;
  recording.alloc(1, kStart + 1, 0x1000, 0);
  Played played(recording);
  EXPECT_EQ(played.totals().live, (Amount{0, 1}));
}

TEST(HeapModel, EndsABlockWhenItsFreeHasAnotherDomain) {
  Recording recording;
  recording.alloc(1, kStart + 1, 0x1000, 64, {}, Domain::kRaw);
  recording.free(1, kStart + 2, 0x1000, Domain::kMalloc);
  Played played(recording);
  EXPECT_EQ(played.totals().live.blocks, 0u);
  EXPECT_EQ(played.of(Domain::kRaw).frees, 1u);
  EXPECT_EQ(played.of(Domain::kRaw).live.bytes, 0u);
}

TEST(HeapModel, ReallocKeepsTheBirthAndTakesTheNewSizeAndStack) {
  Recording recording;
  const StackId first = recording.stack({{"a", "/a.py", 1}});
  const StackId second = recording.stack({{"b", "/a.py", 2}});
  recording.alloc(1, kStart + 1, 0x1000, 10, first);
  recording.realloc(1, kStart + 5, kStart + 6, 0x1000, 0x2000, 30, second);
  Played played(recording);
  const auto live = played.live();
  ASSERT_EQ(live.size(), 1u);
  const Block& block = live.at(0x2000);
  EXPECT_EQ(block.birth, kStart + 1);
  EXPECT_EQ(block.size_bytes, 30u);
  EXPECT_EQ(played.site(block).stack, second);
  EXPECT_EQ(played.totals().at_peak.bytes, 30u);
  EXPECT_EQ(played.of(Domain::kObj).reallocs, 1u);
}

TEST(HeapModel, CountsFreesOfUnknownAddresses) {
  Recording recording;
  recording.free(1, kStart + 1, 0x1000);
  recording.alloc(1, kStart + 5000, 0x1000, 8);
  Played played(recording);
  EXPECT_EQ(played.totals().unknown_frees, 1u);
  EXPECT_EQ(played.totals().live.blocks, 1u);
}

TEST(HeapModel, CountsAnAllocationAtALiveAddressAsAnImpliedFree) {
  Recording recording;
  recording.alloc(1, kStart + 1, 0x1000, 8);
  recording.alloc(1, kStart + 9000, 0x1000, 16);
  Played played(recording);
  EXPECT_EQ(played.totals().implied_frees, 1u);
  EXPECT_EQ(played.totals().live, (Amount{16, 1}));
}

TEST(HeapModel, CorrectsAFreeTimedAfterTheNextAllocationOfItsAddress) {
  Recording recording;
  recording.alloc(1, kStart + 1, 0x1000, 8);
  recording.alloc(2, kStart + 9000, 0x1000, 16);  // its time is early
  recording.free(1, kStart + 9030, 0x1000);       // came first
  Played played(recording);
  EXPECT_EQ(played.totals().inversions, 1u);
  EXPECT_EQ(played.totals().implied_frees, 0u);
  EXPECT_EQ(played.totals().live, (Amount{16, 1}));
  EXPECT_EQ(played.of(Domain::kObj).frees, 1u);
}

TEST(HeapModel, DoesNotCorrectAFreeByTheAllocatingThread) {
  Recording recording;
  recording.alloc(1, kStart + 1, 0x1000, 8);
  recording.alloc(2, kStart + 9000, 0x1000, 16);
  recording.free(2, kStart + 9030, 0x1000);
  Played played(recording);
  EXPECT_EQ(played.totals().inversions, 0u);
  EXPECT_EQ(played.totals().implied_frees, 1u);
  EXPECT_EQ(played.totals().live.blocks, 0u);
}

TEST(HeapModel, CorrectsAReallocTimedAfterTheNextAllocationOfItsAddress) {
  Recording recording;
  recording.alloc(1, kStart + 1, 0x1000, 8);
  recording.alloc(2, kStart + 9000, 0x1000, 16);
  recording.realloc(1, kStart + 9010, kStart + 9050, 0x1000, 0x3000, 24);
  Played played(recording);
  EXPECT_EQ(played.totals().inversions, 1u);
  EXPECT_EQ(played.totals().live, (Amount{40, 2}));
  EXPECT_EQ(played.live().at(0x3000).birth, kStart + 1);
}

TEST(HeapModel, CorrectsAFreeTimedBeforeTheAllocationByAnotherThread) {
  Recording recording;
  recording.free(2, kStart + 100, 0x1000);  // its time is early, or in the same tick
  recording.alloc(1, kStart + 100, 0x1000, 16);
  Played played(recording);
  EXPECT_EQ(played.totals().live.blocks, 0u);
  EXPECT_EQ(played.totals().unknown_frees, 0u);
  EXPECT_EQ(played.totals().inversions, 1u);
}

TEST(HeapModel, AnotherThreadMayUseAnAddressDuringARealloc) {
  Recording recording;
  recording.alloc(1, kStart + 1, 0x1000, 8);
  recording.alloc(2, kStart + 500, 0x1000, 99);
  recording.realloc(1, kStart + 400, kStart + 600, 0x1000, 0x2000, 16);
  Played played(recording);
  EXPECT_EQ(played.totals().implied_frees, 0u);
  EXPECT_EQ(played.totals().inversions, 0u);
  EXPECT_EQ(played.totals().live, (Amount{115, 2}));
}

TEST(HeapModel, UnmapsHeadTailAndMiddleOfAMapping) {
  Recording recording;
  recording.map(1, kStart + 1, 0x100000, 0x10000);
  recording.unmap(1, kStart + 2, 0x100000, 0x1000);
  recording.unmap(1, kStart + 3, 0x10F000, 0x1000);
  recording.unmap(1, kStart + 4, 0x104000, 0x2000);
  Played played(recording);
  const auto live = played.live();
  ASSERT_EQ(live.size(), 2u);
  EXPECT_EQ(live.at(0x101000).size_bytes, 0x3000u);
  EXPECT_EQ(live.at(0x106000).size_bytes, 0x9000u);
  EXPECT_EQ(live.at(0x106000).birth, kStart + 1);
  EXPECT_EQ(played.totals().live, (Amount{0xC000, 2}));
  EXPECT_EQ(played.totals().at_peak.bytes, 0x10000u);
}

TEST(HeapModel, UnmapsSeveralMappingsAtOnceAndReplacesMappedOverParts) {
  Recording recording;
  recording.map(1, kStart + 1, 0x100000, 0x1000);
  recording.map(1, kStart + 2, 0x101000, 0x1000);
  recording.map(1, kStart + 3, 0x102000, 0x4000);
  recording.map(1, kStart + 4, 0x103000, 0x1000);  // over a part of the third
  recording.unmap(1, kStart + 5, 0x100000, 0x2800);
  Played played(recording);
  EXPECT_EQ(played.totals().live.bytes, 0x800u + 0x1000u + 0x2000u);
  EXPECT_EQ(played.totals().unknown_unmaps, 0u);
}

TEST(HeapModel, CountsOnlyAccessibleAnonymousMemoryAsLive) {
  Recording recording;
  recording.map(1, kStart + 1, 0x100000, 0x1000, map_flag::kFile);
  recording.map(1, kStart + 2, 0x200000, 0x1000, map_flag::kStack);
  recording.map(1, kStart + 3, 0x300000, 0x1000, map_flag::kNoAccess);
  recording.map(1, kStart + 4, 0x400000, 0x1000, map_flag::kShared);
  recording.unmap(1, kStart + 5, 0x100000, 0x1000);
  Played played(recording);
  EXPECT_EQ(played.totals().live, (Amount{0x1000, 1}));
  EXPECT_EQ(played.totals().unknown_unmaps, 0u);
}

TEST(HeapModel, KeepsAMappingsBirthWhenItIsMoved) {
  Recording recording;
  recording.map(1, kStart + 1, 0x100000, 0x1000);
  Event remap;
  remap.op = Op::kRemap;
  remap.domain = Domain::kMmap;
  remap.time = kStart + 5;
  remap.end_time = kStart + 7;
  remap.old_address = 0x100000;
  remap.old_size = 0x1000;
  remap.address = 0x800000;
  remap.size = 0x3000;
  recording.event(1, remap);
  Played played(recording);
  const auto live = played.live();
  ASSERT_EQ(live.size(), 1u);
  EXPECT_EQ(live.at(0x800000).birth, kStart + 1);
  EXPECT_EQ(played.totals().live, (Amount{0x3000, 1}));
}

TEST(HeapModel, DoesNotCountArenasAsLiveBytes) {
  Recording recording;
  Event arena;
  arena.op = Op::kArena;
  arena.domain = Domain::kObj;
  arena.time = arena.end_time = kStart + 1;
  arena.address = 0x40000000;
  arena.size = 1 << 20;
  recording.event(1, arena);
  arena.address = 0x50000000;
  recording.event(1, arena);
  arena.arena_freed = true;
  recording.event(1, arena);
  Played played(recording);
  EXPECT_EQ(played.totals().live.bytes, 0u);
  EXPECT_EQ(played.replay.model().arenas().count(), 1u);
  EXPECT_EQ(played.replay.model().arenas().bytes(), 1u << 20);
  EXPECT_EQ(played.replay.model().arenas().peak_bytes(), 2u << 20);
}

TEST(HeapModel, StopsAtTheRequestedMoment) {
  Recording recording;
  recording.alloc(1, kStart + 10, 0x1000, 8);
  recording.alloc(2, kStart + 20, 0x2000, 16);
  recording.free(1, kStart + 30, 0x1000);
  const Profile profile = recording.read();
  Replay replay(profile.images.front(), nullptr);
  replay.run_until(kStart + 20);
  EXPECT_EQ(replay.model().totals().live, (Amount{8, 1}));
  replay.run_until(kStart + 21);
  EXPECT_EQ(replay.model().totals().live, (Amount{24, 2}));
  replay.skip_rest();
  EXPECT_EQ(replay.model().totals().live, (Amount{24, 2}));
  EXPECT_EQ(replay.stream().events(), 3u);
}

}  // namespace
}  // namespace cistern::analyzer
