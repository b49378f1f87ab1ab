// What is known of native code by return address: the unwind rule, the module, and what part the code plays. Compiled
// once for each address, when a walk first meets it. Look-ups of what is known lock nothing. Any thread.
#pragma once

#include <atomic>
#include <cstdint>

#include "preload/base/spin_lock.h"
#include "preload/base/table.h"
#include "preload/unwind/registers.h"

namespace cistern::preload {

enum class CodeRole : uint16_t {
  kOrdinary = 0,
  kEvaluation = 1,  // of the function that runs Python code: a Python frame stands for it
  kOwn = 2,         // of this library: not shown
};

struct NativeCode {
  UnwindRule rule;
  uint32_t module = 0;   // ModuleId; 0: in none that is known
  uint32_t address = 0;  // of the instruction, less the module's base
  CodeRole role = CodeRole::kOrdinary;
};

class CodeTable {
 public:
  void limit(uint64_t max_bytes) noexcept { table_.limit(max_bytes); }

  // Returns whether the code at `at` is known; `code` becomes what is known of it.
  bool find(const Registers& at, NativeCode& code) const noexcept {
    Entry key;
    key.pc = key_of(at);
    const uint32_t before = generation();
    const Entry* const place = table_.place(key);
    if (place == nullptr) return false;
    const Entry entry = *place;
    // The page may have been given back meanwhile, and read as zero, or have been filled again.
    std::atomic_thread_fence(std::memory_order_acquire);
    if (std::atomic_ref(const_cast<uint32_t&>(place->id)).load(std::memory_order_relaxed) == 0) return false;
    if (generation_.load(std::memory_order_relaxed) != before) return false;
    code = NativeCode{entry.rule, entry.module, entry.address, entry.role};
    return true;
  }

  // Keeps it, if there is room.
  void add(const Registers& at, const NativeCode& code) noexcept;

  // Some code is not there any more: forgets everything. What threads keep by it is void when generation() changes.
  void renew() noexcept;
  uint32_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

  // In a forked child, which has the same code.
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

  // The instruction that was interrupted at an address may be another function's than the call before it.
  static uint64_t key_of(const Registers& at) noexcept { return at.pc | uint64_t{at.exact} << 63; }

  SpinLock lock_;
  Table<Entry> table_;
  std::atomic<uint32_t> generation_{1};
};

}  // namespace cistern::preload
