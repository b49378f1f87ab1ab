#include "preload/intern/node_table.h"

#include <algorithm>

#include "preload/base/memory.h"

namespace cistern::preload {

// The hash table is replaced by one twice as large when two thirds are used, and the old one stays mapped: for the 16
// bytes of a node it takes between 24 and 48 bytes.
void NodeTable::limit(uint64_t max_bytes) noexcept {
  constexpr uint64_t kChunkBytes = kChunkNodes * sizeof(Node);
  max_chunks_ = static_cast<uint32_t>(std::clamp<uint64_t>(max_bytes / 3 / kChunkBytes, 1, kMaxChunks));
  places_.limit(max_bytes - max_chunks_ * kChunkBytes);
}

void NodeTable::set_next(StackId before, StackId node) noexcept {
  const uint32_t first_id = first();
  const uint32_t index = raw(before) - first_id;
  if (index < count()) store_word(at(index).next, raw(node));
}

bool NodeTable::reserve_one() noexcept {
  if (full_) return false;
  const uint32_t chunk = count() / kChunkNodes;
  if (chunk == chunk_count_ && chunk < max_chunks_) {
    auto* const made = static_cast<Node*>(map_filled_memory(kChunkNodes * sizeof(Node)));
    if (made != nullptr) chunks_[chunk_count_++].store(made, std::memory_order_relaxed);
  }
  full_ = chunk >= chunk_count_ || !places_.reserve_one();
  return !full_;
}

void NodeTable::insert(StackId parent, const NodeKey& key) noexcept {
  const Words words(parent, key);
  const uint32_t id = raw(next_id());
  Node& node = at(count());
  store_word(node.parent, words.parent);
  store_word(node.a, words.a);
  store_word(node.b, words.b);
  store_word(node.next, 0);
  // In this order: a thread that sees the advanced next_id() also finds the node, see Interner::node().
  places_.insert(Place{words.hash(), id});
  consume_id();  // pairs with holds()
}

bool NodeTable::read(StackId node, StackId& parent, NodeKey& key) const noexcept {
  const uint32_t index = raw(node) - first();
  if (index >= count()) return false;
  const Node& found = at(index);
  if (found.a == 0) return false;  // consumed without a node
  parent = StackId{found.parent};
  key.kind = static_cast<NodeKind>(found.a >> kKindShift);
  key.a = found.a & ((1u << kKindShift) - 1);
  key.b = key.kind == NodeKind::kNative ? int64_t{found.b} : static_cast<int32_t>(found.b);
  return true;
}

// In this order, because holds() reads `first_` again after the node.
void NodeTable::clear(StackId first) noexcept {
  const uint32_t used_chunks = std::min((count() + kChunkNodes - 1) / kChunkNodes, chunk_count_);
  first_.store(raw(first), std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  count_.store(0, std::memory_order_release);
  places_.clear();
  for (uint32_t i = 0; i < used_chunks; ++i) {
    clear_memory(chunks_[i].load(std::memory_order_relaxed), kChunkNodes * sizeof(Node));
  }
  full_ = false;
}

}  // namespace cistern::preload
