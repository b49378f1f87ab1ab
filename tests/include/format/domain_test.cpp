#include "cistern/format/domain.h"

#include <gtest/gtest.h>

namespace cistern {
namespace {

TEST(Domain, EveryDomainIsFoundByItsName) {
  DomainMask all = 0;
  for (int i = 0; i < kDomains; ++i) {
    const auto domain = static_cast<Domain>(i);
    EXPECT_EQ(domain_from(name_of(domain)), domain);
    all |= bit_of(domain);
  }
  EXPECT_EQ(all, kAllDomains);
}

TEST(Domain, AnUnknownDomainIsCalledUnknown) {
  EXPECT_EQ(name_of(static_cast<Domain>(7)), "unknown");
  EXPECT_EQ(domain_from("unknown"), std::nullopt);
  EXPECT_EQ(domain_from(""), std::nullopt);
}

}  // namespace
}  // namespace cistern
