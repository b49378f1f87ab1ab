// Names as linkers know them, and as people do. The Rust ones are those that its compiler and its RFCs have.
#include "analyzer/elf/demangle.h"

#include <gtest/gtest.h>

#include "analyzer/elf/crc32.h"

namespace cistern::analyzer {
namespace {

TEST(ReadableName, CNameIsUnchanged) {
  for (const char* name : {"buf_new", "_start", "__libc_malloc", "", "_Z", "_ZN", "_R", "_R1", "Runtime", "_Zebra"}) {
    EXPECT_EQ(readable_name(name), name);
  }
}

TEST(ReadableName, CPlusPlusNameHasScopesAndArguments) {
  EXPECT_EQ(readable_name("_ZN4cold6BufferIiE4growEm"), "cold::Buffer<int>::grow(unsigned long)");
  EXPECT_EQ(readable_name("_Znwm"), "operator new(unsigned long)");
}

TEST(ReadableName, LegacyRustNameHasNoHash) {
  EXPECT_EQ(readable_name("_ZN4core3ptr13drop_in_place17h0123456789abcdefE"), "core::ptr::drop_in_place");
  EXPECT_EQ(
      readable_name("_ZN63_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..clone..Clone$GT$5clone17h0123456789abcdefE"),
      "<alloc::vec::Vec<T> as core::clone::Clone>::clone");
  EXPECT_EQ(readable_name("_ZN3foo28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE.llvm.123"), "foo::{{closure}}");
  EXPECT_EQ(readable_name("_ZN5alloc3vec12Vec$LT$T$GT$4push17hgggggggggggggggg"),
            "_ZN5alloc3vec12Vec$LT$T$GT$4push17hgggggggggggggggg");
}

TEST(ReadableName, RustV0NamesEqualThoseOfTheRfc) {
  EXPECT_EQ(readable_name("_RNvCs1234_7mycrate3foo"), "mycrate::foo");
  EXPECT_EQ(readable_name("_RNvNtCs1234_7mycrate3foo3bar"), "mycrate::foo::bar");
  EXPECT_EQ(readable_name("_RNCNvCs1234_7mycrate3foo0"), "mycrate::foo::{closure#0}");
  EXPECT_EQ(readable_name("_RNCNvCs1234_7mycrate3foos_0"), "mycrate::foo::{closure#1}");
  EXPECT_EQ(readable_name("_RINvNtC3std3mem8align_ofjdE"), "std::mem::align_of::<usize, f64>");
  EXPECT_EQ(readable_name("_RNvXCs1234_7mycrateNtB2_3FooNtB2_3Bar3baz"), "<mycrate::Foo as mycrate::Bar>::baz");
  EXPECT_EQ(readable_name("_RNvMCs1234_7mycrateNtB2_3Foo3new"), "<mycrate::Foo>::new");
  EXPECT_EQ(readable_name("_RINvC1a1bRShTyEAtj8_E"), "a::b::<&[u8], (u64,), [u16; 8]>");
  EXPECT_EQ(readable_name("_RNvC7mycrateu8gdel_5qa"), "mycrate::gödel");
}

TEST(ReadableName, MalformedNameIsUnchangedAndCheap) {
  for (const char* name :
       {"_RNvC", "_RNvC9999999999999999999a3foo", "_RB_", "_RNvB_3foo", "_RINvC1a1bB_E", "_RNvC1a", "_RC1"}) {
    EXPECT_EQ(readable_name(name), name);
  }
  std::string nested = "_RINvC1a1b";
  for (int i = 0; i < 2000; ++i) nested += "S";
  EXPECT_EQ(readable_name(nested), nested);
  std::string doubling = "_RINvC1a1bTyyE";  // each tuple names the one before twice
  for (int i = 0; i < 60; ++i) doubling += "TBa_Ba_E";
  readable_name(doubling);
  EXPECT_LT(readable_name("_ZN" + std::string(100'000, '1')).size(), 3000u);
}

TEST(Crc32, EqualsTheExampleOfTheGdbManual) {
  const std::string text = "123456789";
  EXPECT_EQ(crc32_of({reinterpret_cast<const uint8_t*>(text.data()), text.size()}), 0xCBF43926u);
  EXPECT_EQ(crc32_of({}), 0u);
}

}  // namespace
}  // namespace cistern::analyzer
