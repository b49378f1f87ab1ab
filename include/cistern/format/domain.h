// The domain of a block: the family of functions that was called to allocate it. A block has one domain, that of the
// outermost call: a 4-KiB object that pymalloc requests from malloc is one block of domain obj.
#pragma once

#include <array>
#include <cstddef>
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

// The names, by number, as help and messages list them.
constexpr char kDomainNames[] = "malloc, raw, mem, obj, mmap";

// `before` and kDomainNames as one text that ends in NUL, for texts that are made at compile time.
template <size_t N>
constexpr auto with_domain_names(const char (&before)[N]) noexcept {
  std::array<char, N - 1 + sizeof kDomainNames> text{};
  for (size_t i = 0; i < N - 1; ++i) text[i] = before[i];
  for (size_t i = 0; i < sizeof kDomainNames; ++i) text[N - 1 + i] = kDomainNames[i];
  return text;
}

namespace domain_detail {

constexpr std::array<std::string_view, kDomains> split_names() noexcept {
  std::array<std::string_view, kDomains> names;
  std::string_view rest = kDomainNames;
  for (std::string_view& name : names) {
    name = rest.substr(0, rest.find(','));
    rest.remove_prefix(rest.size() < name.size() + 2 ? rest.size() : name.size() + 2);
  }
  return names;
}
constexpr std::array<std::string_view, kDomains> kNames = split_names();
static_assert(!kNames[kDomains - 1].empty() && std::string_view(kDomainNames).ends_with(kNames[kDomains - 1]),
              "kDomainNames has a name for each domain");

}  // namespace domain_detail

constexpr std::string_view name_of(Domain domain) noexcept {
  return static_cast<int>(domain) < kDomains ? domain_detail::kNames[static_cast<size_t>(domain)] : "unknown";
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
