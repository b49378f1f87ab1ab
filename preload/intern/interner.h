// Ids for strings, code objects and stack nodes. A thing is defined in the record stream once for each process image,
// before its id is handed out. Look-ups of known things take no lock, definitions take one. Any thread, inside the
// recorder. Memory is mapped and bounded; nothing allocates on the program's heap.
//
// Invariants:
//   1. An id is never used twice in an image, so a definition that was written stays right.
//   2. A code object's id is retired before its address may mean another object, if frees are seen (codes_watched).
//   3. epoch() advances whenever an address may mean another object, and so voids what was cached by address.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "cistern/format/definition_records.h"
#include "cistern/format/ids.h"
#include "preload/base/spin_lock.h"
#include "preload/base/table.h"
#include "preload/cpython/code_object.h"
#include "preload/cpython/interpreter.h"
#include "preload/cpython/unicode.h"
#include "preload/intern/name_texts.h"
#include "preload/intern/node_table.h"
#include "preload/ring/record_stream.h"

namespace cistern::preload {

class Interner {
 public:
  // The id of code whose frames are left out of stacks, as they are of tracebacks: what 3.13 puts between a class and
  // its
  // __init__ (_Py_InitCleanup, Python/specialize.c).
  static constexpr CodeId kNoCode{UINT32_MAX - 1};

  // `max_table_bytes`: limit of what is mapped for all tables; half of it holds entries. Beyond it new stacks become
  // one node that says so, and new code objects are unknown frames. `codes_watched`: block_freed() is called for every
  // free of a code object.
  void begin(RecordStream& records, uint64_t max_table_bytes, bool codes_watched) noexcept;

  StringId string(std::string_view text) noexcept;

  // Returns the id of the code object at `code`, which is alive. CodeId{0} when `code` is not a code object, or when
  // its definition could not be written; kNoCode when its frames are left out of stacks.
  CodeId code(const Interpreter& python, const uint8_t* code) noexcept;

  // Returns the node of the frame `key` called from `parent`. StackId{0} only when its definition could not be written.
  StackId node(StackId parent, const NodeKey& key) noexcept;

  // The same, for a thread whose last look-up returned `before`: often the next node is the one that followed last
  // time.
  StackId node_after(StackId before, StackId parent, const NodeKey& key) noexcept {
    const StackId next = nodes_.find_after(before, parent, key);
    if (__builtin_expect(raw(next) != 0, 1)) return next;
    const StackId found = node(parent, key);
    nodes_.set_next(before, found);
    return found;
  }

  // Must be called before any block of domain OBJ is freed or moved. Retires the code object at `block`, if it is one.
  void block_freed(const void* block, uint64_t time) noexcept {
    if (__builtin_expect(may_be_code(reinterpret_cast<uint64_t>(block)), 0)) {
      retire(reinterpret_cast<uint64_t>(block), time);
    }
  }

  // Advances whenever an address may mean another code object, and when definitions are restarted. What was cached by
  // address in an older epoch is void. Acquire: pairs with the release of advance_epoch() and retire().
  uint32_t epoch() const noexcept { return epoch_.load(std::memory_order_acquire); }
  // Whether every free of a code object is seen. If not, an address does not identify a code object.
  bool codes_watched() const noexcept { return codes_watched_; }
  // Retires all ids of code objects, because frees may have been missed while the hooks were off.
  void retire_all_codes() noexcept;

  // Whether code of a file named threading.py was ever defined, in this image or in the one that it was forked from.
  bool threading_seen() const noexcept { return threading_seen_.load(std::memory_order_relaxed); }
  // The same for asyncio's events.py, which is imported before any task can run.
  bool asyncio_seen() const noexcept { return asyncio_seen_.load(std::memory_order_relaxed); }
  // Whether asyncio_seen() became true since the last call.
  bool asyncio_newly_seen() noexcept {
    return __builtin_expect(asyncio_newly_seen_.load(std::memory_order_relaxed), 0) &&
           asyncio_newly_seen_.exchange(false, std::memory_order_relaxed);
  }

  // The number of stacks and code objects that were not defined because a table is full.
  uint64_t stack_table_full() const noexcept { return full_.load(std::memory_order_relaxed); }
  uint64_t retired_codes() const noexcept { return retired_.load(std::memory_order_relaxed); }

  // In a forked child: forgets all definitions, so that its profile is complete without the parent's.
  void abandon() noexcept;

  // Forgets all definitions (overwrite mode, where their records will be overwritten): what is asked for from now on is
  // defined again, under new ids. `kept`: nodes that stay in use; each is defined again and replaced by its new id. A
  // frame becomes unknown if its code object may be gone. Stacks that threads cached are void after the next
  // advance_epoch().
  void restart_definitions(const Interpreter& python, StackId* kept, size_t count) noexcept;
  void advance_epoch() noexcept { epoch_.fetch_add(1, std::memory_order_release); }
  // Whether a node was defined since definitions were last restarted.
  bool is_current(StackId node) const noexcept { return nodes_.is_current(node); }

 private:
  struct StringEntry {
    uint64_t key = 0;  // XXH3-64 of the text: two texts with the same hash would get the same id
    uint32_t id = 0;
    bool same(const StringEntry& other) const noexcept { return key == other.key; }
    uint64_t hash() const noexcept { return key; }
  };
  struct CodeEntry {
    uint64_t address = 0;
    uint32_t fingerprint = 0;
    uint32_t id = 0;  // kRetiredId: freed
    bool same(const CodeEntry& other) const noexcept { return address == other.address; }
    uint64_t hash() const noexcept { return mix_hash(address >> 4); }
  };
  // Qualified names, learned from the constants of enclosing code objects (up to 3.10).
  struct NameEntry {
    uint64_t address = 0;  // of the code object
    uint32_t fingerprint = 0;
    uint32_t id = 0;  // number of the text; kRetiredId: freed
    bool same(const NameEntry& other) const noexcept { return address == other.address; }
    uint64_t hash() const noexcept { return mix_hash(address >> 4); }
  };

  static constexpr uint32_t kRetiredId = UINT32_MAX;
  static constexpr uint64_t kFilterBits = 1 << 18;

  static uint64_t filter_bit(uint64_t address) noexcept { return mix_hash(address >> 4) >> 40 & (kFilterBits - 1); }
  bool may_be_code(uint64_t address) const noexcept {
    const uint64_t bit = filter_bit(address);
    return (filter_[bit / 64].load(std::memory_order_relaxed) >> (bit % 64) & 1) != 0;
  }

  // A frame of a stack that is kept by restart_definitions(). `code`: of a Python frame. `native_frames`: of a native
  // run, the number of its frames, which follow it towards the leaf.
  struct KeptFrame {
    NodeKey key;
    const uint8_t* code = nullptr;
    uint32_t native_frames = 0;
  };
  class KeptStacks;

  CodeId define_code(const Interpreter& python, const uint8_t* code, uint32_t fingerprint) noexcept;
  CodeId code_locked(const Interpreter& python, const uint8_t* code, uint32_t fingerprint) noexcept;
  StackId node_locked(StackId parent, const NodeKey& key) noexcept;
  StackId new_node(StackId parent, const NodeKey& key) noexcept;
  void forget_definitions(StackId first_node) noexcept;
  StackId define_again(const Interpreter& python, const KeptFrame* frames, size_t count) noexcept;
  StackId table_full_node() noexcept;
  StringId string_locked(std::string_view text) noexcept;
  StringId object_string(const Interpreter& python, const uint8_t* object) noexcept;
  StringId name_of_code(const Interpreter& python, const uint8_t* code, uint32_t fingerprint) noexcept;
  void learn_names(const Interpreter& python, const uint8_t* code, int depth) noexcept;
  uint32_t name_among(const Interpreter& python, const Constants& constants, uint64_t index) noexcept;
  bool write_line_table(CodeId id, std::string_view table) noexcept;
  void add_to_filter(uint64_t address) noexcept {
    const uint64_t bit = filter_bit(address);
    filter_[bit / 64].fetch_or(uint64_t{1} << (bit % 64), std::memory_order_relaxed);
  }
  void notice_asyncio() noexcept {
    if (!asyncio_seen_.exchange(true, std::memory_order_relaxed))
      asyncio_newly_seen_.store(true, std::memory_order_relaxed);
  }
  void retire(uint64_t address, uint64_t time) noexcept;
  void retire_name(uint64_t address) noexcept;
  static void update_name(NameEntry& known, const NameEntry& entry) noexcept;

  RecordStream* records_ = nullptr;
  bool codes_watched_ = false;
  SpinLock lock_;
  Table<StringEntry> strings_;
  Table<CodeEntry> codes_;
  Table<NameEntry> names_;
  NameTexts name_texts_;
  NodeTable nodes_;
  uint32_t last_string_ = 0;
  uint32_t last_code_ = 0;
  uint32_t full_node_ = 0;
  uint32_t first_code_ = 1;  // the first id since definitions were restarted
  std::atomic<uint32_t> epoch_{1};
  std::atomic<bool> threading_seen_{false};
  std::atomic<bool> asyncio_seen_{false};
  std::atomic<bool> asyncio_newly_seen_{false};
  std::atomic<uint64_t> full_{0};
  std::atomic<uint64_t> retired_{0};
  // A filter with a bit for each address of a code object that was defined or whose name was learned. A free searches
  // the tables only where the bit is set.
  std::atomic<uint64_t> filter_[kFilterBits / 64] = {};
  char text_[kUnicodeBytes] = {};  // under lock_
};

}  // namespace cistern::preload
