#include "preload/base/table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace cistern::preload {
namespace {

// The second half of the key is 0 in every other entry, as a freed page reads.
struct Pair {
  uint64_t first = 0;
  uint32_t second = 0;
  uint32_t id = 0;
  bool same(const Pair& other) const noexcept { return first == other.first && second == other.second; }
  uint64_t hash() const noexcept { return mix_hash(first); }
};

Pair pair_of(uint32_t number) {
  return Pair{number / 2 + 1, number % 2, number + 1};
}

TEST(Table, FindsEarlierEntriesWhileItGrows) {
  constexpr uint32_t kKnown = 1'000;
  constexpr uint32_t kEntries = 1'500'000;
  Table<Pair> table;
  std::atomic<uint32_t> added{0};
  std::atomic<uint64_t> wrong{0};
  const auto add = [&](uint32_t number) {
    ASSERT_TRUE(table.reserve_one());
    table.insert(pair_of(number));
    added.store(number + 1, std::memory_order_release);
  };
  for (uint32_t i = 0; i < kKnown; ++i) add(i);
  std::thread reader([&] {
    for (uint32_t i = 0; added.load(std::memory_order_acquire) < kEntries; i = i * 7 + 1) {
      const uint32_t number = i % added.load(std::memory_order_acquire);
      if (table.find(pair_of(number)) != number + 1) wrong.fetch_add(1);
    }
  });
  for (uint32_t i = kKnown; i < kEntries; ++i) add(i);
  reader.join();
  EXPECT_EQ(wrong.load(), 0u);
}

TEST(Table, FreesThePagesOfOutgrownSlots) {
  Table<Pair> table;
  const uint64_t before = own_bytes();
  for (uint32_t i = 0; i < 100'000; ++i) {
    ASSERT_TRUE(table.reserve_one());
    table.insert(pair_of(i));
  }
  EXPECT_EQ(own_bytes() - before, table.bytes()) << "all mapped bytes are counted, also of outgrown slots";
  EXPECT_LT(table.bytes(), 2 * sizeof(Pair) * (1 << 18) + 64 * 4096);
}

TEST(Table, RefusesEntriesBeyondItsLimit) {
  constexpr uint64_t kLimit = 1 << 20;
  Table<Pair> table;
  table.limit(kLimit);
  uint32_t held = 0;
  for (; table.reserve_one(); ++held) table.insert(pair_of(held));
  EXPECT_LE(table.bytes(), kLimit);
  EXPECT_GT(held * sizeof(Pair), kLimit / 8);
  EXPECT_EQ(table.used(), held);
  for (uint32_t i = 0; i < held; ++i) ASSERT_EQ(table.find(pair_of(i)), i + 1);
}

TEST(Table, EmptiedOftenMapsNoMoreThanTwoArrays) {
  Table<Pair> table;
  uint64_t bytes = 0;
  for (uint32_t round = 0; round < 1'000; ++round) {
    for (uint32_t i = round; i < round + 100; ++i) {
      ASSERT_TRUE(table.reserve_one());
      table.insert(pair_of(i));
    }
    if (round == 1) bytes = table.bytes();
    if (round != 0) {
      ASSERT_EQ(table.find(pair_of(round - 1)), 0u) << "of the round before";
    }
    for (uint32_t i = round; i < round + 100; ++i) ASSERT_EQ(table.find(pair_of(i)), i + 1);
    table.empty_while_read();
    ASSERT_EQ(table.used(), 0u);
  }
  EXPECT_EQ(table.bytes(), bytes);
}

}  // namespace
}  // namespace cistern::preload
