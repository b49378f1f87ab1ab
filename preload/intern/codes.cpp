// Interner: code objects are defined once, and retired when their block is freed.
#include "preload/cpython/code_object.h"
#include "preload/intern/interner.h"

namespace cistern::preload {
namespace {

// Whether the code is _Py_InitCleanup: one str object is both its name and its file name.
bool is_init_cleanup(const PythonLayout& layout, const uint8_t* code, std::string_view path) noexcept {
  return layout.has_init_cleanup && path == "__init__" && file_of(layout, code) == name_of(layout, code);
}

}  // namespace

CodeId Interner::code(const Interpreter& python, const uint8_t* code) noexcept {
  if (!is_code(python, code)) return CodeId{};
  const uint32_t fingerprint = code_fingerprint(*python.layout, code);
  CodeEntry key;
  key.address = reinterpret_cast<uint64_t>(code);
  if (CodeEntry* const found = codes_.find_entry(key); found != nullptr) {
    // In this order: define_code() retires the id before it changes the fingerprint.
    const uint32_t known = std::atomic_ref<uint32_t>(found->fingerprint).load(std::memory_order_acquire);
    const uint32_t id = std::atomic_ref<uint32_t>(found->id).load(std::memory_order_acquire);
    if (known == fingerprint && id != 0 && id != kRetiredId) return CodeId{id};
  }
  return define_code(python, code, fingerprint);
}

CodeId Interner::define_code(const Interpreter& python, const uint8_t* code, uint32_t fingerprint) noexcept {
  const Locked locked(lock_);
  return code_locked(python, code, fingerprint);
}

CodeId Interner::code_locked(const Interpreter& python, const uint8_t* code, uint32_t fingerprint) noexcept {
  CodeEntry entry;
  entry.address = reinterpret_cast<uint64_t>(code);
  entry.fingerprint = fingerprint;
  CodeEntry* const known = codes_.find_entry(entry);
  if (known != nullptr && known->id != kRetiredId && known->fingerprint == fingerprint) return CodeId{known->id};
  if (known == nullptr && !codes_.reserve_one()) {
    full_.fetch_add(1, std::memory_order_relaxed);
    return CodeId{};
  }

  const PythonLayout& layout = *python.layout;
  const std::string_view table = line_table_of(layout, code);
  const std::string_view path = read_unicode(layout, file_of(layout, code), text_);
  if (is_init_cleanup(layout, code, path)) {
    entry.id = raw(kNoCode);
    if (known == nullptr) codes_.insert(entry);
    return kNoCode;
  }
  if (path.ends_with("/threading.py")) threading_seen_.store(true, std::memory_order_relaxed);
  if (path.ends_with("asyncio/events.py")) notice_asyncio();
  const StringId file = string_locked(path);
  const StringId name = name_of_code(python, code, fingerprint);
  entry.id = ++last_code_;
  const CodeId id{entry.id};
  const CodeRecord record{id, file, name, first_line_of(layout, code), layout.line_table_kind, table.size()};
  if (!records_->write(record) || !write_line_table(id, table)) return CodeId{};
  add_to_filter(entry.address);
  if (known != nullptr) {
    // Pairs with code().
    std::atomic_ref<uint32_t>(known->id).store(kRetiredId, std::memory_order_relaxed);
    std::atomic_ref<uint32_t>(known->fingerprint).store(fingerprint, std::memory_order_release);
    std::atomic_ref<uint32_t>(known->id).store(entry.id, std::memory_order_release);
  } else {
    codes_.insert(entry);
  }
  return id;
}

bool Interner::write_line_table(CodeId id, std::string_view table) noexcept {
  for (uint64_t offset = 0; offset < table.size(); offset += kMaxTextBytes) {
    if (!records_->write(LineTableRecord{id, offset, table.substr(offset, kMaxTextBytes)})) return false;
  }
  return true;
}

void Interner::retire(uint64_t address, uint64_t time) noexcept {
  CodeEntry key;
  key.address = address;
  NameEntry name;
  name.address = address;
  if (codes_.find(key) == 0 && names_.find(name) == 0) return;
  const Locked locked(lock_);
  retire_name(address);
  CodeEntry* const entry = codes_.find_entry(key);
  if (entry == nullptr || entry->id == kRetiredId) return;
  const CodeId id{entry->id};
  std::atomic_ref<uint32_t>(entry->id).store(kRetiredId, std::memory_order_release);
  epoch_.fetch_add(1, std::memory_order_release);
  retired_.fetch_add(1, std::memory_order_relaxed);
  records_->write(RetiredRecord{time, id});
}

void Interner::retire_all_codes() noexcept {
  const Locked locked(lock_);
  codes_.for_each(
      [](CodeEntry& entry) { std::atomic_ref<uint32_t>(entry.id).store(kRetiredId, std::memory_order_release); });
  epoch_.fetch_add(1, std::memory_order_release);
}

StringId Interner::object_string(const Interpreter& python, const uint8_t* object) noexcept {
  return string_locked(read_unicode(*python.layout, object, text_));
}

}  // namespace cistern::preload
