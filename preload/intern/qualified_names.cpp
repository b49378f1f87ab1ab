// Qualified names of functions. From 3.11 on a code object has its own; before, the name is only known to the code that
// makes the function: MAKE_FUNCTION finds it among the constants, next to the code object (Python/compile.c,
// compiler_make_closure, 3.8 – 3.10). So when a code object is first seen, the names of all that it encloses are
// learned.
#include "preload/cpython/code_object.h"
#include "preload/intern/interner.h"

namespace cistern::preload {
namespace {

// "f" of "C.f", and "f" itself.
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
  const NameEntry* const learned = names_.place(key);
  const bool known = learned != nullptr && learned->id != kRetiredId && learned->fingerprint == fingerprint;
  const StringId name =
      known ? string_locked(name_texts_.text(learned->id)) : object_string(python, name_of(layout, code));
  constexpr int kMaxDepth = 32;
  learn_names(python, code, kMaxDepth);
  return name;
}

// The constant behind a code object is its qualified name; equal constants are stored once, so it may also lie before.
// Returns the name's number among the texts, 0 when it is not there.
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

// A code object was freed: another one at its address has a name of its own, even where everything else is the same.
void Interner::retire_name(uint64_t address) noexcept {
  NameEntry key;
  key.address = address;
  if (NameEntry* const known = names_.place(key); known != nullptr) {
    std::atomic_ref(known->id).store(kRetiredId, std::memory_order_relaxed);
  }
}

// Only the id is read without the lock, in retire().
void Interner::rename(NameEntry& known, const NameEntry& entry) noexcept {
  known.fingerprint = entry.fingerprint;
  std::atomic_ref(known.id).store(entry.id, std::memory_order_relaxed);
}

// Learns the names of the code objects among the constants of `code`, and of those among theirs.
void Interner::learn_names(const Interpreter& python, const uint8_t* code, int depth) noexcept {
  const Constants constants = constants_of(*python.layout, code);
  for (uint64_t i = 0; i < constants.size; ++i) {
    const uint8_t* const inner = constants.items[i];
    if (!is_code(python, inner)) continue;
    NameEntry entry;
    entry.address = reinterpret_cast<uint64_t>(inner);
    entry.fingerprint = code_fingerprint(*python.layout, inner);
    NameEntry* const known = names_.place(entry);
    if (known != nullptr && known->id != kRetiredId && known->fingerprint == entry.fingerprint) continue;
    if (known == nullptr && !names_.make_room()) continue;
    entry.id = name_among(python, constants, i);
    if (entry.id != 0) {
      watch(entry.address);
      known != nullptr ? rename(*known, entry) : names_.insert(entry);
    }
    if (depth > 0) learn_names(python, inner, depth - 1);
  }
}

}  // namespace cistern::preload
