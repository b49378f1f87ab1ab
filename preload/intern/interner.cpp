#include "preload/intern/interner.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cistern::preload {

void Interner::begin(RecordStream& records, uint64_t max_table_bytes) noexcept {
  records_ = &records;
  nodes_.limit(max_table_bytes / 2);
  strings_.limit(max_table_bytes / 6);
  codes_.limit(max_table_bytes / 6);
  names_.limit(max_table_bytes / 6);
}

StringId Interner::string(std::string_view text) noexcept {
  const Locked locked(lock_);
  return string_locked(text);
}

StringId Interner::string_locked(std::string_view text) noexcept {
  text = cut_text(text);
  StringEntry entry;
  entry.key = XXH3_64bits(text.data(), text.size());
  if (const uint32_t known = strings_.find(entry); known != 0) return StringId{known};
  entry.id = ++last_string_;
  if (!records_->write(StringRecord{StringId{entry.id}, text})) return StringId{};
  // Without room the text is written again when it comes again.
  if (strings_.make_room()) strings_.insert(entry);
  return StringId{entry.id};
}

// Code ids stay far below the kinds' bits; an offset that does not fit 32 bits does not occur in a code object.
Interner::NodeEntry Interner::entry_of(StackId parent, const NodeKey& key) noexcept {
  NodeEntry entry;
  entry.parent = raw(parent);
  entry.a = key.a ^ static_cast<uint32_t>(key.kind) << kKindShift;
  entry.b = static_cast<uint32_t>(key.b);
  return entry;
}

NodeKey Interner::key_of(const NodeEntry& entry) noexcept {
  return {static_cast<NodeKind>(entry.a >> kKindShift), entry.a & ((1u << kKindShift) - 1),
          static_cast<int32_t>(entry.b)};
}

StackId Interner::node(StackId parent, const NodeKey& key) noexcept {
  if (const uint32_t known = nodes_.find(entry_of(parent, key)); known != 0) return StackId{known};
  const Locked locked(lock_);
  return node_locked(parent, key);
}

StackId Interner::node_locked(StackId parent, const NodeKey& key) noexcept {
  NodeEntry entry = entry_of(parent, key);
  if (const uint32_t known = nodes_.find(entry); known != 0) return StackId{known};
  if (full_node_ != 0 && raw(parent) == full_node_) return parent;
  if (!nodes_.make_room()) return table_full_node();
  entry.id = ++last_node_;
  if (!records_->write(StackNodeRecord{StackId{entry.id}, parent, key.kind, key.a, key.b})) return StackId{};
  nodes_.insert(entry);
  return StackId{entry.id};
}

StackId Interner::table_full_node() noexcept {
  full_.fetch_add(1, std::memory_order_relaxed);
  if (full_node_ == 0) {
    const uint32_t id = ++last_node_;
    const auto reason = static_cast<uint32_t>(TruncationReason::kStackTableFull);
    if (!records_->write(StackNodeRecord{StackId{id}, StackId{}, NodeKind::kTruncated, reason, 0})) return StackId{};
    full_node_ = id;
  }
  return StackId{full_node_};
}

// What was learned about names stays: the code that knew them may be gone.
void Interner::forget_definitions() noexcept {
  strings_.clear();
  codes_.clear();
  nodes_.clear();
  full_node_ = 0;
}

void Interner::abandon() noexcept {
  lock_.reset();
  forget_definitions();
  last_string_ = last_code_ = last_node_ = 0;
  first_code_ = 1;
  first_node_.store(1, std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_release);
  full_.store(0, std::memory_order_relaxed);
  retired_.store(0, std::memory_order_relaxed);
}

}  // namespace cistern::preload
