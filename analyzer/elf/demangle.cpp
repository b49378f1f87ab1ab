#include "analyzer/elf/demangle.h"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

#include "analyzer/elf/rust_name.h"

namespace cistern::analyzer {
namespace {

// The recursion depth of the C++ library's demangler grows with the length of the name.
constexpr size_t kLongest = 4096;
constexpr size_t kLongestReadable = 2048;

}  // namespace

std::string readable_name(std::string_view linked) {
  if (linked.size() > kLongest) return std::string(linked.substr(0, kLongestReadable)) + "…";
  if (const auto rust = rust_name(linked)) return *rust;
  const std::string name(linked);
  if (!linked.starts_with("_Z")) return name;
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> text(abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status),
                                                         &std::free);
  if (status != 0 || text == nullptr) return name;
  std::string readable(text.get());
  if (readable.size() > kLongestReadable) readable = readable.substr(0, kLongestReadable) + "…";
  return readable;
}

}  // namespace cistern::analyzer
