// What is known of native code by return address: the unwind rule, the module, and the role of the code. An address is
// analyzed once, when a walk first meets it. Look-ups take no lock. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/base/spin_lock.h"
#include "preload/base/table.h"
#include "preload/unwind/registers.h"

namespace cistern::preload {

enum class CodeRole : uint16_t {
  kOrdinary = 0,
  kEvaluation = 1,  // evaluates Python code: a Python frame stands for it
  kOwn = 2,         // of this library: left out of stacks
};

struct NativeCode {
  UnwindRule rule;
  uint32_t module = 0;   // ModuleId; 0: in no known module
  uint32_t address = 0;  // of the instruction, from the module's base
  CodeRole role = CodeRole::kOrdinary;
};

class CodeTable {
 public:
  void limit(uint64_t max_bytes) noexcept { table_.limit(max_bytes); }

  // Returns whether the code at `at` is known. If so, `code` becomes what is known.
  bool find(const Registers& at, NativeCode& code) const noexcept {
    Entry key;
    key.pc = key_of(at);
    const uint32_t before = generation();
    const Entry* const place = table_.find_entry(key);
    if (place == nullptr) return false;
    const Entry entry = *place;
    // invalidate() may have released the entry's page meanwhile, or add() may have filled it again. Then the id is 0,
    // or the generation is another one, and what was read does not count.
    std::atomic_thread_fence(std::memory_order_acquire);
    if (std::atomic_ref(const_cast<uint32_t&>(place->id)).load(std::memory_order_relaxed) == 0) return false;
    if (generation_.load(std::memory_order_relaxed) != before) return false;
    code = NativeCode{entry.rule, entry.module, entry.address, entry.role};
    return true;
  }

  // Adds what is known of the code at `at`, if there is space.
  void add(const Registers& at, const NativeCode& code) noexcept;

  // Forgets everything, because code was unloaded. What threads cached is void when generation() has changed.
  void invalidate() noexcept;
  uint32_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

  // In a forked child. It has the same code, so the table stays.
  void abandon() noexcept { lock_.reset(); }

 private:
  struct Entry {
    uint64_t pc = 0;
    UnwindRule rule;
    uint32_t module = 0;
    uint32_t address = 0;
    CodeRole role = CodeRole::kOrdinary;
    uint32_t id = 1;
    bool same(const Entry& other) const noexcept { return pc == other.pc; }
    uint64_t hash() const noexcept { return mix_hash(pc) >> 8; }
  };
  static_assert(sizeof(Entry) == 32);

  // An exact address and a return address are different keys: the call before a return address may belong to another
  // function than the instruction at the address.
  static uint64_t key_of(const Registers& at) noexcept { return at.pc | uint64_t{at.exact} << 63; }

  SpinLock lock_;
  Table<Entry> table_;
  std::atomic<uint32_t> generation_{1};
};

}  // namespace cistern::preload
