// The domain of a block: the family of functions that was called to allocate it. A block has one domain, that of the
// outermost call: a 4-KiB object that pymalloc requests from malloc is one block of domain obj.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cistern {

enum class Domain : uint8_t {
  kMalloc = 0,  // the C library's malloc family, called by native code
  kRaw = 1,     // PyMem_Raw*    (CPython's PYMEM_DOMAIN_RAW)
  kMem = 2,     // PyMem_*       (PYMEM_DOMAIN_MEM)
  kObj = 3,     // PyObject_*    (PYMEM_DOMAIN_OBJ)
  kMmap = 4,    // mmap, mremap, brk, sbrk
};
constexpr int kDomains = 5;

constexpr std::string_view name_of(Domain domain) noexcept {
  constexpr std::string_view names[kDomains] = {"malloc", "raw", "mem", "obj", "mmap"};
  return static_cast<int>(domain) < kDomains ? names[static_cast<int>(domain)] : "unknown";
}

constexpr std::optional<Domain> domain_from(std::string_view name) noexcept {
  for (int i = 0; i < kDomains; ++i) {
    if (name_of(static_cast<Domain>(i)) == name) return static_cast<Domain>(i);
  }
  return std::nullopt;
}

// A set of domains, one bit each.
using DomainMask = uint32_t;
constexpr DomainMask bit_of(Domain domain) noexcept {
  return 1u << static_cast<unsigned>(domain);
}
constexpr DomainMask kAllDomains = (1u << kDomains) - 1;

}  // namespace cistern
