// Names for things: strings, code objects and stack nodes get ids, once per process image, and are defined in the
// record stream before an id is handed out. Look-ups of what is known lock nothing; the rest takes one lock. Any
// thread, inside the recorder; nothing allocates from the program's heap.
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
  // Of code whose frames are passed over, as in tracebacks: what 3.13 puts between a class and its __init__
  // (_Py_InitCleanup, Python/specialize.c).
  static constexpr CodeId kNoCode{UINT32_MAX - 1};

  // `max_table_bytes`: mapped for all tables, of which half can hold entries. Past it new stacks collapse into one node
  // that says so, and new code objects are unknown frames. `codes_watched`: block_freed() is called when code objects
  // are freed.
  void begin(RecordStream& records, uint64_t max_table_bytes, bool codes_watched) noexcept;

  StringId string(std::string_view text) noexcept;

  // The id of the code object at `code`, which is alive. CodeId{0} when it is none, or nothing could be written;
  // kNoCode when it is the interpreter's own and no function of the program.
  CodeId code(const Interpreter& python, const uint8_t* code) noexcept;

  // The node of the frame `key` called from `parent`. StackId{0} only when nothing could be written.
  StackId node(StackId parent, const NodeKey& key) noexcept;

  // The same, by a thread whose last such look-up gave `before`.
  StackId node_after(StackId before, StackId parent, const NodeKey& key) noexcept {
    const StackId next = nodes_.find_after(before, parent, key);
    if (__builtin_expect(raw(next) != 0, 1)) return next;
    const StackId found = node(parent, key);
    nodes_.follow(before, found);
    return found;
  }

  // Must be called before any block of domain OBJ is freed or moved. Retires the code object at `block`, if it is one.
  void block_freed(const void* block, uint64_t time) noexcept {
    if (__builtin_expect(maybe_code(reinterpret_cast<uint64_t>(block)), 0)) {
      retire(reinterpret_cast<uint64_t>(block), time);
    }
  }

  // Changes whenever an address may have come to mean another code object: what was remembered by address is void.
  uint32_t epoch() const noexcept { return epoch_.load(std::memory_order_acquire); }
  // Whether it does so each time: else an address alone tells nothing.
  bool codes_watched() const noexcept { return codes_watched_; }
  // Frees may have been missed (the hooks were off): every code object counts as new.
  void forget_codes() noexcept;

  // Whether code of a file named threading.py was ever defined, in this image or the one it was forked from.
  bool threading_seen() const noexcept { return threading_seen_.load(std::memory_order_relaxed); }
  // The same of asyncio's events.py, which its import runs before any task can.
  bool asyncio_seen() const noexcept { return asyncio_seen_.load(std::memory_order_relaxed); }
  // Whether that is so since this was asked last.
  bool asyncio_came() noexcept {
    return __builtin_expect(asyncio_came_.load(std::memory_order_relaxed), 0) &&
           asyncio_came_.exchange(false, std::memory_order_relaxed);
  }

  // Stacks that collapsed, and frames of code objects that found no room.
  uint64_t stack_table_full() const noexcept { return full_.load(std::memory_order_relaxed); }
  uint64_t retired_codes() const noexcept { return retired_.load(std::memory_order_relaxed); }

  // In a forked child: forgets everything, so that its profile stands alone.
  void abandon() noexcept;

  // Begins definitions anew: what is asked for from now on is defined again, under a new id. `kept`: nodes that stay in
  // use, each replaced by its new id; a frame whose code object is gone, or may be (they are not watched), becomes
  // unknown. Stacks that threads remember are void after the next advance_epoch().
  void renew(const Interpreter& python, StackId* kept, size_t count) noexcept;
  void advance_epoch() noexcept { epoch_.fetch_add(1, std::memory_order_release); }
  // Whether a node was defined since definitions last began anew.
  bool is_current(StackId node) const noexcept { return nodes_.is_current(node); }

 private:
  struct StringEntry {
    uint64_t key = 0;  // XXH3-64 of the text: two texts with one hash would be taken for each other
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
  // Qualified names that the constants of an enclosing code object told (up to 3.10).
  struct NameEntry {
    uint64_t address = 0;  // of the code object
    uint32_t fingerprint = 0;
    uint32_t id = 0;  // number among the texts; kRetiredId: freed
    bool same(const NameEntry& other) const noexcept { return address == other.address; }
    uint64_t hash() const noexcept { return mix_hash(address >> 4); }
  };

  static constexpr uint32_t kRetiredId = UINT32_MAX;
  static constexpr uint64_t kFilterBits = 1 << 18;

  static uint64_t filter_bit(uint64_t address) noexcept { return mix_hash(address >> 4) >> 40 & (kFilterBits - 1); }
  bool maybe_code(uint64_t address) const noexcept {
    const uint64_t bit = filter_bit(address);
    return (filter_[bit / 64].load(std::memory_order_relaxed) >> (bit % 64) & 1) != 0;
  }

  // A frame of a stack that stays when definitions begin anew; `code` of a Python frame. A native run is followed,
  // towards the leaf, by its `native_frames`.
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
  void watch(uint64_t address) noexcept {
    const uint64_t bit = filter_bit(address);
    filter_[bit / 64].fetch_or(uint64_t{1} << (bit % 64), std::memory_order_relaxed);
  }
  void notice_asyncio() noexcept {
    if (!asyncio_seen_.exchange(true, std::memory_order_relaxed)) asyncio_came_.store(true, std::memory_order_relaxed);
  }
  void retire(uint64_t address, uint64_t time) noexcept;
  void retire_name(uint64_t address) noexcept;
  static void rename(NameEntry& known, const NameEntry& entry) noexcept;

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
  uint32_t first_code_ = 1;  // since definitions last began anew
  std::atomic<uint32_t> epoch_{1};
  std::atomic<bool> threading_seen_{false};
  std::atomic<bool> asyncio_seen_{false};
  std::atomic<bool> asyncio_came_{false};
  std::atomic<uint64_t> full_{0};
  std::atomic<uint64_t> retired_{0};
  // One bit for every address that ever was a code object that is defined, or whose name was learned: a free has to
  // look further only where it is set.
  std::atomic<uint64_t> filter_[kFilterBits / 64] = {};
  char text_[kUnicodeBytes] = {};  // under lock_
};

}  // namespace cistern::preload
