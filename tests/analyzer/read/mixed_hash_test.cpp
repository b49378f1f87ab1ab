#include "analyzer/read/mixed_hash.h"

#include <gtest/gtest.h>

#include <set>

namespace cistern::analyzer {
namespace {

// The frames of a deep recursion are keys "parent << 32 | frame" with one and the same frame.
TEST(MixedHash, SpreadsKeysThatDifferInTheirHighHalfOnly) {
  constexpr uint64_t kKeys = 4096;
  for (const int shift : {0, 4, 12, 20, 32, 40}) {
    std::set<size_t> places;
    for (uint64_t i = 0; i < kKeys; ++i) places.insert(MixedHash{}((i << shift) + 5) & 0xffff);
    EXPECT_GT(places.size(), kKeys * 9 / 10) << "keys differ from bit " << shift << " on";
  }
}

}  // namespace
}  // namespace cistern::analyzer
