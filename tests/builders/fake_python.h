// Objects laid out in memory as an interpreter of one version lays them out, for tests of code that only reads them.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "preload/cpython/interpreter.h"

namespace cistern::preload {

struct PythonBuild {
  PythonBuild(unsigned of_minor, bool without_gil = false) : minor(of_minor), free_threaded(without_gil) {}
  // As scripts/python-matrix names it: 3.13, or 3.13t without the GIL.
  std::string name() const { return "3." + std::to_string(minor) + (free_threaded ? "t" : ""); }
  unsigned minor;
  bool free_threaded;
};
inline void PrintTo(const PythonBuild& build, std::ostream* out) {
  *out << build.name();
}

// The supported versions of which `wanted` is true.
inline std::vector<PythonBuild> builds_where(bool (*wanted)(const PythonLayout& layout)) {
  std::vector<PythonBuild> found;
  for (const PythonLayout& layout : supported_versions()) {
    if (wanted(layout)) found.emplace_back(layout.minor, layout.free_threaded);
  }
  return found;
}
inline std::vector<PythonBuild> all_builds() {
  return builds_where([](const PythonLayout&) { return true; });
}
inline bool has_entry_frames(const PythonLayout& layout) {
  return layout.owner != kNoOffset && layout.is_entry == kNoOffset;
}
inline bool has_tasks(const PythonLayout& layout) {
  return layout.tasks.running_task != kNoOffset;
}

class FakePython {
 public:
  explicit FakePython(PythonBuild build) : layout_(*layout_of(build.minor, build.free_threaded)) {
    python_.found = true;
    python_.major = 3;
    python_.minor = build.minor;
    python_.free_threaded = build.free_threaded;
    python_.layout = &layout_;
    python_.type_offset = layout_.object_type;
    python_.code_type = block(64);
    python_.unicode_type = block(64);
    python_.walk = layout_.positions == Positions::kInCode ? FrameWalk::kPlain : FrameWalk::kOther;
    python_.stacks = PythonStacks::kOn;
    python_.functions.holder_state = [] { return attached_state(); };
  }

  // Whether the calling thread is attached to the interpreter.
  static void attach(bool attached) { attached_state() = attached ? reinterpret_cast<const uint8_t*>(1) : nullptr; }

  const Interpreter& python() const { return python_; }
  const PythonLayout& layout() const { return layout_; }

  // As when the module _asyncio has been found.
  void look_at_tasks() {
    python_.coroutine_type = block(512);
    python_.generator_type = block(512);
    python_.look_at_tasks();
  }

  uint8_t* block(size_t bytes) {
    blocks_.push_back(std::make_unique<uint8_t[]>(bytes));
    std::memset(blocks_.back().get(), 0, bytes);
    return blocks_.back().get();
  }

  template <typename T>
  static void store(uint8_t* at, uint16_t offset, T value) {
    std::memcpy(at + offset, &value, sizeof value);
  }

  // A compact str of `kind` bytes a character; characters as code points.
  uint8_t* unicode(const std::u32string& text, unsigned kind) {
    const bool ascii = kind == 0;
    uint8_t* const object = block(layout_.wide_data + 4 * text.size() + 16);
    store<const uint8_t*>(object, layout_.object_type, python_.unicode_type);
    store<uint64_t>(object, layout_.text_length, text.size());
    const uint32_t state = (ascii ? 1u : kind) | 1u << 3 | (ascii ? 1u << 4 : 0u);
    store<uint32_t>(object, layout_.text_state, state << layout_.text_kind);
    uint8_t* out = object + (ascii ? layout_.ascii_data : layout_.wide_data);
    for (const char32_t c : text) {
      std::memcpy(out, &c, ascii ? 1 : kind);
      out += ascii ? 1 : kind;
    }
    return object;
  }
  uint8_t* ascii(const std::string& text) { return unicode(std::u32string(text.begin(), text.end()), 0); }

  uint8_t* bytes(const std::string& text) {
    uint8_t* const object = block(layout_.bytes_data + 1u + text.size());
    store<uint64_t>(object, layout_.object_size, text.size());
    std::memcpy(object + layout_.bytes_data, text.data(), text.size());
    return object;
  }

  // As up to 3.10, where it is read.
  uint8_t* tuple(const std::vector<uint8_t*>& items) {
    uint8_t* const object = block(24 + 8 * items.size());
    store<uint64_t>(object, 16, items.size());
    if (!items.empty()) std::memcpy(object + 24, items.data(), 8 * items.size());
    return object;
  }

  void fill_code(uint8_t* code, const std::string& file, const std::string& name, int first_line,
                 const std::vector<uint8_t*>& constants = {}, int flags = 3) {
    store<const uint8_t*>(code, layout_.object_type, python_.code_type);
    store<int32_t>(code, layout_.first_line, first_line);
    store<int32_t>(code, layout_.code_flags, flags);
    store<uint8_t*>(code, layout_.file, ascii(file));
    store<uint8_t*>(code, layout_.name, ascii(name.substr(name.rfind('.') + 1)));
    if (layout_.qualified_name != kNoOffset) store<uint8_t*>(code, layout_.qualified_name, ascii(name));
    store<uint8_t*>(code, layout_.line_table, bytes("\x01\x02"));
    store<uint8_t*>(code, layout_.constants, tuple(constants));
    if (layout_.copies != kNoOffset) fill_copies(code, {code + layout_.instructions, block(2 * kUnits)});
  }
  // Its instructions lie in these places, each thread's copy in one.
  void fill_copies(uint8_t* code, const std::vector<uint8_t*>& copies) {
    store<uint64_t>(code, layout_.object_size, kUnits);
    uint8_t* const array = block(8 + 8 * copies.size());
    store<uint64_t>(array, 0, copies.size());
    std::memcpy(array + 8, copies.data(), 8 * copies.size());
    store<uint8_t*>(code, layout_.copies, array);
  }
  uint8_t* code(const std::string& file, const std::string& name, int first_line,
                const std::vector<uint8_t*>& constants = {}) {
    uint8_t* const made = block(layout_.wide_data + 512u);
    fill_code(made, file, name, first_line, constants);
    return made;
  }

  uint8_t* frame(uint8_t* previous, const uint8_t* code, int offset) {
    uint8_t* const made = block(512);
    fill_frame(made, previous, code, offset);
    return made;
  }
  void fill_frame(uint8_t* frame, const uint8_t* previous, const uint8_t* code, int offset) {
    store<const uint8_t*>(frame, layout_.previous, previous);
    store<const uint8_t*>(frame, layout_.code, code);
    if (layout_.owner != kNoOffset) store<uint8_t>(frame, layout_.owner, 0);
    if (layout_.positions == Positions::kIndexes) {
      store<int32_t>(frame, layout_.position, offset / layout_.position_scale);
    } else if (layout_.positions == Positions::kInCode) {
      store<const uint8_t*>(frame, layout_.position, code + layout_.instructions + offset);
    } else {
      fill_place(frame, code, 1, offset);
    }
  }
  // At an offset in one of the copies of its instructions.
  void fill_place(uint8_t* frame, const uint8_t* code, uint32_t copy, int offset) {
    const uint8_t* const array = load_pointer(code, layout_.copies);
    store<uint32_t>(frame, layout_.copy_index, copy);
    store<const uint8_t*>(frame, layout_.position, load_pointer(array + 8 * copy, 8) + offset);
  }
  // An entry frame, which belongs to C: it has an object that is no code, and a position outside of all code.
  void fill_entry_frame(uint8_t* frame, const uint8_t* previous) {
    store<const uint8_t*>(frame, layout_.previous, previous);
    store<const uint8_t*>(frame, layout_.code, none_ + 1);
    store<const uint8_t*>(frame, layout_.position, trampoline_);
    store<uint8_t>(frame, layout_.owner, kOwnedByC);
  }

 private:
  static constexpr uint64_t kUnits = 128;  // of a code object's instructions, of two bytes
  static const uint8_t*& attached_state() {
    static thread_local const uint8_t* state = reinterpret_cast<const uint8_t*>(1);
    return state;
  }

  PythonLayout layout_;
  Interpreter python_;
  std::vector<std::unique_ptr<uint8_t[]>> blocks_;
  const uint8_t* none_ = block(64);
  const uint8_t* trampoline_ = block(64);
};

}  // namespace cistern::preload
