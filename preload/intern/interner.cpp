#include "preload/intern/interner.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace cistern::preload {

void Interner::begin(RecordStream& records, uint64_t max_table_bytes, bool codes_watched) noexcept {
  records_ = &records;
  codes_watched_ = codes_watched;
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
  // Without space in the table the text is defined again each time.
  if (strings_.reserve_one()) strings_.insert(entry);
  return StringId{entry.id};
}

StackId Interner::node(StackId parent, const NodeKey& key) noexcept {
  const StackId next = nodes_.next_id();  // read before the search
  if (const StackId known = nodes_.find(parent, key); raw(known) != 0) return known;
  const Locked locked(lock_);
  return nodes_.next_id() == next ? new_node(parent, key) : node_locked(parent, key);
}

StackId Interner::node_locked(StackId parent, const NodeKey& key) noexcept {
  if (const StackId known = nodes_.find(parent, key); raw(known) != 0) return known;
  return new_node(parent, key);
}

// Requires that the frame has no node.
StackId Interner::new_node(StackId parent, const NodeKey& key) noexcept {
  if (full_node_ != 0 && raw(parent) == full_node_) return parent;
  if (!nodes_.reserve_one()) return table_full_node();
  const StackId id = nodes_.next_id();
  if (!records_->write(StackNodeRecord{id, parent, key.kind, key.a, key.b})) {
    nodes_.consume_id();
    return StackId{};
  }
  nodes_.insert(parent, key);
  return id;
}

// Returns the node that stands for all stacks beyond the limit. Its id is behind those of the table, which is full.
StackId Interner::table_full_node() noexcept {
  full_.fetch_add(1, std::memory_order_relaxed);
  if (full_node_ == 0) {
    const StackId id = nodes_.next_id();
    const auto reason = static_cast<uint32_t>(TruncationReason::kStackTableFull);
    if (!records_->write(StackNodeRecord{id, StackId{}, NodeKind::kTruncated, reason, 0})) return StackId{};
    full_node_ = raw(id);
  }
  return StackId{full_node_};
}

// Learned names stay, because the code objects that they were learned from may be gone.
void Interner::forget_definitions(StackId first_node) noexcept {
  strings_.clear();
  codes_.clear();
  nodes_.clear(first_node);
  full_node_ = 0;
}

void Interner::abandon() noexcept {
  lock_.reset();
  forget_definitions(StackId{1});
  last_string_ = last_code_ = 0;
  first_code_ = 1;
  epoch_.fetch_add(1, std::memory_order_release);
  full_.store(0, std::memory_order_relaxed);
  retired_.store(0, std::memory_order_relaxed);
}

}  // namespace cistern::preload
