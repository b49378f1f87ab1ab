// The program's own mappings: intervals of addresses. Unmapping may remove the head, tail or middle of a mapping, or of
// several. Mapping over an existing mapping replaces that part. Each part that remains is a mapping with the birth and
// site of the whole.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>

#include "cistern/format/event.h"

namespace cistern::analyzer {

struct Mapping {
  uint64_t end = 0;  // one past its last byte
  uint64_t birth = 0;
  uint32_t site = 0;
  uint32_t flags = 0;  // map_flag

  // Files, thread stacks and reserved address space do not count as live bytes.
  bool counts() const noexcept { return (flags & (map_flag::kFile | map_flag::kStack | map_flag::kNoAccess)) == 0; }
};

// A mapping [begin, was.end) from which [cut_begin, cut_end) was removed.
struct Cut {
  uint64_t begin = 0;  // of the mapping as it was
  Mapping was;
  uint64_t cut_begin = 0;
  uint64_t cut_end = 0;
  uint64_t left_bytes() const noexcept { return cut_begin - begin; }
  uint64_t right_bytes() const noexcept { return was.end - cut_end; }
};

class Mappings {
 public:
  // The end of [begin, begin + size), which never wraps around.
  static uint64_t end_of(uint64_t begin, uint64_t size_bytes) noexcept {
    return size_bytes > UINT64_MAX - begin ? UINT64_MAX : begin + size_bytes;
  }

  // Requires: nothing is mapped in [begin, mapping.end).
  void insert(uint64_t begin, const Mapping& mapping) { by_begin_[begin] = mapping; }

  // Removes [begin, end) from whatever it overlaps and calls visit(const Cut&) for each mapping touched.
  // Returns whether there was any.
  template <typename F>
  bool cut(uint64_t begin, uint64_t end, F&& visit) {
    if (begin >= end) return false;
    bool any = false;
    auto at = by_begin_.lower_bound(begin);
    if (at != by_begin_.begin() && std::prev(at)->second.end > begin) --at;
    while (at != by_begin_.end() && at->first < end) {
      const Cut cut{at->first, at->second, std::max(begin, at->first), std::min(end, at->second.end)};
      at = by_begin_.erase(at);
      if (cut.left_bytes() != 0) keep(cut.begin, cut.cut_begin, cut.was);
      if (cut.right_bytes() != 0) keep(cut.cut_end, cut.was.end, cut.was);
      visit(cut);
      any = true;
    }
    return any;
  }

  // The birth of the mapping that covers `address`, or `otherwise`.
  uint64_t birth_at(uint64_t address, uint64_t otherwise) const noexcept {
    auto at = by_begin_.upper_bound(address);
    if (at == by_begin_.begin()) return otherwise;
    --at;
    return at->second.end > address ? at->second.birth : otherwise;
  }

  template <typename F>
  void for_each(F&& visit) const {
    for (const auto& [begin, mapping] : by_begin_) visit(begin, mapping);
  }

 private:
  void keep(uint64_t begin, uint64_t end, Mapping mapping) {
    mapping.end = end;
    by_begin_[begin] = mapping;
  }

  std::map<uint64_t, Mapping> by_begin_;
};

}  // namespace cistern::analyzer
