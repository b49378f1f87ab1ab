#include "preload/arch/x86_64/getter_code.h"

#include <gtest/gtest.h>

#include <thread>

namespace cistern::preload {
namespace {

// Getters as compilers write them, and functions that are nearly getters.
extern "C" {
extern const uint8_t* const test_place;
extern const uint8_t* const test_base;
const uint8_t* test_returns_place();
const uint8_t* test_returns_place_for_calls();
const uint8_t* test_returns_by_way_of_base();
const uint8_t* test_returns_more();
const uint8_t* test_loads_twice();
const uint8_t* test_calls();
extern thread_local const uint8_t* test_own;
extern int64_t test_distance;
const uint8_t* test_returns_own();
const uint8_t* test_returns_own_by_table();
const uint8_t* test_returns_own_by_call();
const uint8_t* test_returns_more_of_own();
// As __tls_get_addr.
void* test_own_place(void*) {
  return &test_own;
}
}
thread_local const uint8_t* test_own = nullptr;
asm(R"(
  .data
  .balign 8
test_place: .quad 0x1234
  .quad 0
  .quad 0x5678
test_base: .quad test_place
  .text
test_returns_place: mov test_place(%rip), %rax
  ret
test_returns_place_for_calls: endbr64
  mov test_place(%rip), %rax
  ret
test_returns_by_way_of_base: mov test_base(%rip), %rax
  .byte 0x48, 0x8b, 0x80, 16, 0, 0, 0
  ret
test_returns_more: mov test_place(%rip), %rax
  inc %rax
  ret
test_loads_twice: mov test_base(%rip), %rax
  mov (%rax), %rax
  ret
  .data
test_distance: .quad 0
test_index: .quad 0, 0
  .text
test_returns_own: endbr64
  mov %fs:test_own@tpoff, %rax
  ret
test_returns_own_by_table: mov test_distance(%rip), %rax
  mov %fs:(%rax), %rax
  ret
test_returns_own_by_call: sub $8, %rsp
  .byte 0x66
  lea test_index(%rip), %rdi
  .byte 0x66, 0x66, 0x48
  call test_own_place
  mov (%rax), %rax
  add $8, %rsp
  ret
test_returns_more_of_own: mov %fs:test_own@tpoff, %rax
  inc %rax
  ret
test_calls: sub $8, %rsp
  call test_returns_place
  add $8, %rsp
  ret
)");

TEST(GetterCode, IsReadForTheGlobalThatItReturns) {
  const auto place_of = [](const uint8_t* (*function)()) {
    return returned_global(reinterpret_cast<const void*>(function));
  };
  for (const auto function : {test_returns_place, test_returns_place_for_calls, test_returns_by_way_of_base}) {
    ASSERT_NE(place_of(function), nullptr);
    EXPECT_EQ(*place_of(function), function());
  }
  EXPECT_EQ(place_of(test_returns_place), &test_place);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(test_returns_by_way_of_base()), 0x5678u);
  for (const auto function : {test_returns_more, test_loads_twice, test_calls}) {
    EXPECT_EQ(place_of(function), nullptr);
  }
}

TEST(GetterCode, IsReadForTheCallingThreadsInstanceOfAThreadLocal) {
  const auto check = [] {
    const auto place_of = [](const uint8_t* (*function)()) {
      return returned_thread_local(reinterpret_cast<const void*>(function), test_own_place);
    };
    static const uint8_t value = 0;
    test_own = &value;
    for (const auto function : {test_returns_own, test_returns_own_by_table, test_returns_own_by_call}) {
      EXPECT_EQ(place_of(function), &test_own);
      EXPECT_EQ(function(), &value);
    }
    for (const auto function : {test_returns_more_of_own, test_returns_place, test_calls}) {
      EXPECT_EQ(place_of(function), nullptr);
    }
  };
  test_distance = reinterpret_cast<const uint8_t*>(&test_own) - static_cast<uint8_t*>(__builtin_thread_pointer());
  check();
  std::thread(check).join();
}

}  // namespace
}  // namespace cistern::preload
