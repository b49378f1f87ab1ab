#include "analyzer/model/live_blocks.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

namespace cistern::analyzer {
namespace {

constexpr uint64_t kArenas = 0x7f1200000000;
constexpr uint64_t kHeap = 0x555500000000;

bool operator==(const Block& a, const Block& b) {
  return a.size_bytes == b.size_bytes && a.birth == b.birth && a.site == b.site;
}

// The table and a plain map, told the same and asked the same.
class Both {
 public:
  explicit Both(uint32_t seed) : random_(seed) {}

  uint64_t pick(uint64_t below) { return random_() % below; }

  void put(uint64_t address, uint64_t size) {
    const Block block{size, ++time_, static_cast<uint32_t>(pick(50))};
    Block was;
    const auto at = plain.find(address);
    ASSERT_EQ(blocks.put(address, block, was), at != plain.end()) << std::hex << address;
    if (at != plain.end()) {
      ASSERT_TRUE(was == at->second);
    }
    plain[address] = block;
  }
  void take(uint64_t address) {
    Block block;
    const auto at = plain.find(address);
    ASSERT_EQ(blocks.take(address, block), at != plain.end()) << std::hex << address;
    if (at == plain.end()) return;
    ASSERT_TRUE(block == at->second);
    plain.erase(at);
  }
  uint64_t any_live() {
    if (plain.empty()) return kHeap;
    auto at = plain.lower_bound(plain.begin()->first + random_() % (plain.rbegin()->first - plain.begin()->first + 1));
    if (pick(2) == 0) at = std::next(plain.begin(), static_cast<std::ptrdiff_t>(pick(plain.size())));
    return at == plain.end() ? plain.begin()->first : at->first;
  }
  void expect_the_same() {
    std::map<uint64_t, Block> found;
    blocks.for_each([&](uint64_t address, const Block& block) {
      EXPECT_TRUE(found.emplace(address, block).second) << "twice: " << std::hex << address;
    });
    ASSERT_EQ(found.size(), plain.size());
    for (const auto& [address, block] : plain) ASSERT_TRUE(found.contains(address) && found[address] == block);
  }

  LiveBlocks blocks;
  std::map<uint64_t, Block> plain;

 private:
  std::mt19937_64 random_;
  uint64_t time_ = 0;
};

struct Geometry {
  uint64_t arena_bytes;
  uint64_t pool_bytes;
  uint64_t alignment;  // of arenas
};

// Arenas come and go at a few places, which overlap where they are not aligned; so do those that are never given back.
// Blocks are those of a pool's class, others in between, blocks of no bytes and huge ones, at addresses that are live
// already, and in the heap; and frees of what is not there.
void play(const Geometry& geometry, uint32_t seed) {
  Both both(seed);
  std::vector<uint64_t> bases;
  for (uint64_t i = 0; i < 8; ++i) {
    bases.push_back(kArenas + i * geometry.arena_bytes * 2 / 3 / geometry.alignment * geometry.alignment);
  }
  std::map<uint64_t, uint64_t> class_of_pool;
  const auto address_in_arenas = [&] {
    const uint64_t base = bases[both.pick(bases.size())];
    const uint64_t pool = (base + both.pick(geometry.arena_bytes)) / geometry.pool_bytes * geometry.pool_bytes;
    uint64_t& bytes = class_of_pool[pool];
    if (bytes == 0 || both.pick(40) == 0) bytes = 16 * (1 + both.pick(32));
    const uint64_t address = pool + 48 + both.pick((geometry.pool_bytes - 48) / bytes) * bytes;
    return std::pair(both.pick(30) == 0 ? address + 16 * both.pick(3) : address, bytes);
  };
  for (int step = 0; step < 20000; ++step) {
    const uint64_t what = both.pick(1000);
    if (what < 4) {
      both.blocks.make_arena(bases[both.pick(bases.size())], both.pick(10) == 0 ? 12345 : geometry.arena_bytes);
    } else if (what < 6) {
      both.blocks.give_back_arena(bases[both.pick(bases.size())]);
    } else if (what < 400) {
      const auto [address, bytes] = address_in_arenas();
      const uint64_t kind = both.pick(60);
      both.put(address, kind == 0 ? 0 : kind == 1 ? uint64_t{1} << 40 : kind == 2 ? UINT32_MAX : bytes - both.pick(16));
    } else if (what < 500) {
      both.put(kHeap + both.pick(3000) * 16, both.pick(10) == 0 ? uint64_t{5} << 32 : both.pick(5000));
    } else if (what < 520) {
      both.take(address_in_arenas().first);
    } else if (what < 530) {
      both.take(kHeap + both.pick(60000));
    } else {
      both.take(both.any_live());
    }
    if (testing::Test::HasFatalFailure()) return;
    if (step % 4000 == 0) both.expect_the_same();
  }
  both.expect_the_same();
}

TEST(LiveBlocks, EqualAPlainMapWhileArenasComeAndGo) {
  for (uint32_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE(seed);
    play({1 << 20, 16384, 16384}, seed);
    play({1 << 20, 16384, 4096}, seed);
    play({256 << 10, 4096, 4096}, seed);
  }
}

TEST(LiveBlocks, EqualAPlainMapWithoutArenas) {
  Both both(7);
  for (int step = 0; step < 300000; ++step) {
    step % 3 != 2 ? both.put(kHeap + both.pick(1 << 20) * 16, both.pick(5000)) : both.take(both.plain.begin()->first);
    if (HasFatalFailure()) return;
  }
  both.expect_the_same();
}

TEST(LiveBlocks, StayWhenTheirArenaIsFreedAndAnotherIsAllocatedThere) {
  LiveBlocks blocks;
  Block was;
  blocks.put(kArenas + 48, {100, 1, 3}, was);  // before there is any arena
  blocks.make_arena(kArenas, 1 << 20);
  blocks.put(kArenas + 16384 + 48, {100, 2, 3}, was);
  blocks.give_back_arena(kArenas);
  blocks.make_arena(kArenas, 1 << 20);
  EXPECT_TRUE(blocks.put(kArenas + 16384 + 48, {50, 3, 4}, was)) << "its free was not seen";
  EXPECT_EQ(was.birth, 2u);
  EXPECT_TRUE(blocks.take(kArenas + 48, was));
  EXPECT_EQ(was.birth, 1u);
  EXPECT_FALSE(blocks.take(kArenas + 48, was));
}

}  // namespace
}  // namespace cistern::analyzer
