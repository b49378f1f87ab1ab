#include "preload/unwind/code_table.h"

namespace cistern::preload {

void CodeTable::add(const Registers& at, const NativeCode& code) noexcept {
  Entry entry;
  entry.pc = key_of(at);
  entry.rule = code.rule;
  entry.module = code.module;
  entry.address = code.address;
  entry.role = code.role;
  const Locked locked(lock_);
  if (table_.find(entry) == 0 && table_.reserve_one()) table_.insert(entry);
}

void CodeTable::invalidate() noexcept {
  const Locked locked(lock_);
  table_.empty_while_read();
  generation_.fetch_add(1, std::memory_order_release);
}

}  // namespace cistern::preload
