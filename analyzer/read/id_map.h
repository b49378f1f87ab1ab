// A map from ids to values. Ids count from 1 and are mostly added in order, so values lie in a vector. An id that is
// far ahead of the others (definitions were lost, or the file is damaged) goes to a hash map: memory is proportional to
// the number of values, not to the greatest id.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <vector>

#include "analyzer/read/mixed_hash.h"
#include "cistern/format/ids.h"

namespace cistern::analyzer {

template <typename Id, typename T>
class IdMap {
 public:
  // Adds a value, unless the id has one. Returns the id's value; null for id 0.
  T* add(Id id, const T& value) {
    const uint32_t key = raw(id);
    if (key == 0) return nullptr;
    if (T* known = find(id)) return known;
    ++count_;
    if (key > greatest_) greatest_ = key;
    if (key < slots_.size() || key < 2 * count_ + kHeadroom) return add_dense(key, value);
    return &sparse_.insert({key, value}).first.value();
  }

  T* find(Id id) noexcept { return const_cast<T*>(static_cast<const IdMap*>(this)->find(id)); }
  const T* find(Id id) const noexcept {
    const uint32_t key = raw(id);
    if (key < slots_.size() && slots_[key].defined) return &slots_[key].value;
    if (sparse_.empty()) return nullptr;
    const auto at = sparse_.find(key);
    return at == sparse_.end() ? nullptr : &at->second;
  }

  uint64_t count() const noexcept { return count_; }
  uint32_t greatest() const noexcept { return greatest_; }

  template <typename F>
  void for_each(F&& visit) const {
    for (uint32_t key = 0; key < slots_.size(); ++key) {
      if (slots_[key].defined) visit(Id{key}, slots_[key].value);
    }
    for (const auto& [key, value] : sparse_) visit(Id{key}, value);
  }

 private:
  static constexpr uint64_t kHeadroom = 1024;
  struct Slot {
    T value{};
    bool defined = false;
  };

  T* add_dense(uint32_t key, const T& value) {
    if (key >= slots_.size()) slots_.resize(key + 1);
    slots_[key] = {value, true};
    return &slots_[key].value;
  }

  std::vector<Slot> slots_;
  tsl::robin_map<uint32_t, T, MixedHash> sparse_;
  uint64_t count_ = 0;
  uint32_t greatest_ = 0;
};

}  // namespace cistern::analyzer
