// Interner: qualified names of functions. From 3.11 on a code object has its own. Before, only the code that makes the
// function has the name: MAKE_FUNCTION finds it among the constants, next to the code object (Python/compile.c,
// compiler_make_closure, 3.8 – 3.10). So when a code object is seen first, the names of all code objects that it
// encloses are learned.
#include "preload/cpython/code_object.h"
#include "preload/intern/interner.h"

namespace cistern::preload {
namespace {

// Whether `name` is the last part of `qualified`: "f" of "C.f" or of "f".
bool ends_with_name(std::string_view qualified, std::string_view name) noexcept {
  if (qualified.size() == name.size()) return qualified == name;
  return qualified.size() > name.size() && qualified.ends_with(name) &&
         qualified[qualified.size() - name.size() - 1] == '.';
}

bool is_string(const Interpreter& python, const uint8_t* object) noexcept {
  return load_pointer(object, 8) == python.unicode_type;
}

}  // namespace

StringId Interner::name_of_code(const Interpreter& python, const uint8_t* code, uint32_t fingerprint) noexcept {
  const PythonLayout& layout = *python.layout;
  if (layout.qualified_name != kNoOffset) return object_string(python, load_pointer(code, layout.qualified_name));
  NameEntry key;
  key.address = reinterpret_cast<uint64_t>(code);
  const NameEntry* const learned = names_.find_entry(key);
  const bool known = learned != nullptr && learned->id != kRetiredId && learned->fingerprint == fingerprint;
  const StringId name =
      known ? string_locked(name_texts_.text(learned->id)) : object_string(python, name_of(layout, code));
  constexpr int kMaxDepth = 32;
  learn_names(python, code, kMaxDepth);
  return name;
}

// Finds the qualified name of the code object at constants[index]. It is the next constant; but equal constants are
// stored once, so it may also lie before. Returns the number of its text; 0 when it is not found.
uint32_t Interner::name_among(const Interpreter& python, const Constants& constants, uint64_t index) noexcept {
  const PythonLayout& layout = *python.layout;
  char plain_text[256];
  const std::string_view whole = read_unicode(layout, name_of(layout, constants.items[index]), text_);
  const std::string_view plain(plain_text, whole.copy(plain_text, sizeof plain_text));
  for (uint64_t step = 1; step < constants.size; ++step) {
    const uint8_t* const constant = constants.items[(index + step) % constants.size];
    if (!is_string(python, constant)) continue;
    const std::string_view text = read_unicode(layout, constant, text_);
    if (ends_with_name(text, plain)) return name_texts_.add(text);
  }
  return 0;
}

// Retires the name learned for a code object that is freed: another one at its address may have another name, even if
// its fingerprint is the same.
void Interner::retire_name(uint64_t address) noexcept {
  NameEntry key;
  key.address = address;
  if (NameEntry* const known = names_.find_entry(key); known != nullptr) {
    std::atomic_ref(known->id).store(kRetiredId, std::memory_order_relaxed);
  }
}

// Replaces a learned name. The id is stored atomically, because retire() reads it without the lock.
void Interner::update_name(NameEntry& known, const NameEntry& entry) noexcept {
  known.fingerprint = entry.fingerprint;
  std::atomic_ref(known.id).store(entry.id, std::memory_order_relaxed);
}

// Learns the names of the code objects among the constants of `code`, and recursively of those that they enclose.
void Interner::learn_names(const Interpreter& python, const uint8_t* code, int depth) noexcept {
  const Constants constants = constants_of(*python.layout, code);
  for (uint64_t i = 0; i < constants.size; ++i) {
    const uint8_t* const inner = constants.items[i];
    if (!is_code(python, inner)) continue;
    NameEntry entry;
    entry.address = reinterpret_cast<uint64_t>(inner);
    entry.fingerprint = code_fingerprint(*python.layout, inner);
    NameEntry* const known = names_.find_entry(entry);
    if (known != nullptr && known->id != kRetiredId && known->fingerprint == entry.fingerprint) continue;
    if (known == nullptr && !names_.reserve_one()) continue;
    entry.id = name_among(python, constants, i);
    if (entry.id != 0) {
      add_to_filter(entry.address);
      known != nullptr ? update_name(*known, entry) : names_.insert(entry);
    }
    if (depth > 0) learn_names(python, inner, depth - 1);
  }
}

}  // namespace cistern::preload
