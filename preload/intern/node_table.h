// The stack tree: nodes in the order of their ids, and a hash table of ids over them. Look-ups take no lock; insertions
// require the interner's lock. Each node remembers the node that was looked up after it. Programs repeat themselves, so
// that is mostly the right one next time, and it lies near in memory. The mapped memory is bounded.
//
//     id             first_      first_+1    first_+2    ...        count_ nodes since the last clear()
//     chunks_   -> | parent | parent | parent |
//                  | kind,a | ...                                   kind in the 4 upper bits of a
//                  | b      |                                       e.g. kPython: a = CodeId, b = byte offset
//                  | next   |                                       the node looked up after this one; 0: none
//     places_: hash(parent, kind, a, b) -> id
#pragma once

#include <atomic>
#include <cstdint>

#include "cistern/format/definition_records.h"
#include "cistern/format/ids.h"
#include "preload/base/table.h"

namespace cistern::preload {

// One frame of a stack, or what stands for one: the key of a node together with its parent.
struct NodeKey {
  NodeKind kind = NodeKind::kPython;
  uint32_t a = 0;
  int64_t b = 0;
};

class NodeTable {
 public:
  // Sets the limit of mapped bytes, for nodes and hash table together.
  void limit(uint64_t max_bytes) noexcept;

  // Returns the node of the frame `key` called from `parent`; StackId{0} when there is none. Any thread.
  StackId find(StackId parent, const NodeKey& key) const noexcept {
    const Words words(parent, key);
    return StackId{places_.find(Place{words.hash(), 0}, [&](uint32_t id) { return holds(id, words); })};
  }

  // Returns the node that was looked up after `before` last time, if it is that of the frame; else StackId{0}. Any
  // thread.
  StackId find_after(StackId before, StackId parent, const NodeKey& key) const noexcept {
    const uint32_t next = next_of(raw(before));
    return StackId{holds(next, Words(parent, key)) ? next : 0};
  }
  // Remembers that `node` was looked up after `before`. Any thread.
  void set_next(StackId before, StackId node) noexcept;

  // Makes space for one more node. Requires the lock. Returns false at the limit or without memory, and from then on
  // until the next clear().
  bool reserve_one() noexcept;
  // The id of the next node.
  StackId next_id() const noexcept { return StackId{first() + count()}; }
  // Adds the node with next_id(). Requires the lock, space, and that the frame has no node.
  void insert(StackId parent, const NodeKey& key) noexcept;
  // Consumes an id without creating a node. Requires the lock, and space.
  void consume_id() noexcept { count_.store(count() + 1, std::memory_order_release); }

  // Reads a node's key and parent. Returns false when no node has this id. Requires the lock.
  bool read(StackId node, StackId& parent, NodeKey& key) const noexcept;

  // Whether an id was handed out since the last clear().
  bool is_current(StackId node) const noexcept { return raw(node) >= first(); }
  // Removes all nodes; the next one gets the id `first`. Requires the lock, and that `first` is behind all ids handed
  // out, unless in a forked child. Look-ups meanwhile find nothing.
  void clear(StackId first) noexcept;

 private:
  static constexpr uint32_t kChunkNodes = 4096;
  static constexpr uint32_t kMaxChunks = 2048;
  static constexpr int kKindShift = 28;

  struct Node {
    uint32_t parent = 0;
    uint32_t a = 0;  // and the kind, in bits that no code id reaches
    uint32_t b = 0;  // an offset that does not fit 32 bits does not occur in a code object
    uint32_t next = 0;
  };
  struct Words {
    Words(StackId called_from, const NodeKey& key) noexcept
        : parent(raw(called_from)),
          a(key.a ^ static_cast<uint32_t>(key.kind) << kKindShift),
          b(static_cast<uint32_t>(key.b)) {}
    uint32_t hash() const noexcept {
      return static_cast<uint32_t>(mix_hash((uint64_t{parent} << 32 | a) ^ mix_hash(b)) >> 7);
    }
    uint32_t parent;
    uint32_t a;
    uint32_t b;
  };
  struct Place {
    uint32_t key = 0;  // the hash; a look-up compares the node itself
    uint32_t id = 0;
    bool same(const Place& other) const noexcept { return key == other.key; }
    uint64_t hash() const noexcept { return key; }
  };

  static uint32_t load_word(uint32_t& word) noexcept {
    return std::atomic_ref<uint32_t>(word).load(std::memory_order_acquire);
  }
  static void store_word(uint32_t& word, uint32_t value) noexcept {
    std::atomic_ref<uint32_t>(word).store(value, std::memory_order_release);
  }

  uint32_t first() const noexcept { return first_.load(std::memory_order_acquire); }
  uint32_t count() const noexcept { return count_.load(std::memory_order_acquire); }
  Node& at(uint32_t index) const noexcept {
    return chunks_[index / kChunkNodes].load(std::memory_order_relaxed)[index % kChunkNodes];
  }

  // Whether node `id` is that of `words`. Ids are never reused, but the memory of nodes is. clear() changes `first_`
  // before it clears the memory: if `first_` is the same before and after the reads, they are of node `id`.
  bool holds(uint32_t id, const Words& words) const noexcept {
    const uint32_t first_id = first();
    if (id - first_id >= count()) return false;
    Node& node = at(id - first_id);
    return load_word(node.parent) == words.parent && load_word(node.a) == words.a && load_word(node.b) == words.b &&
           first_.load(std::memory_order_relaxed) == first_id;
  }

  uint32_t next_of(uint32_t before) const noexcept {
    const uint32_t index = before - first();
    return index < count() ? load_word(at(index).next) : 0;
  }

  Table<Place> places_;
  std::atomic<uint32_t> first_{1};
  std::atomic<uint32_t> count_{0};  // ids handed out, from `first_` on
  uint32_t chunk_count_ = 0;
  uint32_t max_chunks_ = kMaxChunks;
  bool full_ = false;
  std::atomic<Node*> chunks_[kMaxChunks] = {};
};

}  // namespace cistern::preload
