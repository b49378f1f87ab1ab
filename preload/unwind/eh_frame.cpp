#include "preload/unwind/eh_frame.h"

#include <cstddef>

#include "preload/arch/arch.h"
#include "preload/unwind/dwarf_bytes.h"

namespace cistern::preload {
namespace {

constexpr uint8_t kSigned4DataRelative = 0x3b;

struct CommonInformation {
  const uint8_t* instructions = nullptr;
  const uint8_t* end = nullptr;
  uint64_t code_alignment = 1;
  int64_t data_alignment = 1;
  uint8_t pointer_encoding = 0;
  bool has_augmentation_data = false;
  bool is_signal = false;
  bool valid = false;
};

// Reads the length of an entry; `end` becomes its end. Returns false at the terminator and for an impossible length.
bool read_length(DwarfBytes& in, const uint8_t* limit, const uint8_t*& end) noexcept {
  uint64_t length = in.get<uint32_t>();
  if (length == UINT32_MAX) length = in.get<uint64_t>();
  if (!in.ok() || length == 0 || length > static_cast<uint64_t>(limit - in.at())) return false;
  end = in.at() + length;
  return true;
}

CommonInformation read_common(const uint8_t* entry, const uint8_t* limit) noexcept {
  CommonInformation common;
  DwarfBytes in(entry, limit);
  if (!read_length(in, limit, common.end)) return common;
  DwarfBytes body(in.at(), common.end);
  if (body.get<uint32_t>() != 0) return common;
  const auto version = body.get<uint8_t>();
  if (version != 1 && version != 3) return common;
  const char* const augmentation = reinterpret_cast<const char*>(body.at());
  while (body.get<char>() != '\0') {
    if (!body.ok()) return common;
  }
  common.code_alignment = body.uleb();
  common.data_alignment = body.sleb();
  version == 1 ? body.get<uint8_t>() : body.uleb();  // the return address's column
  const char* letter = augmentation;
  if (*letter == 'z') {
    common.has_augmentation_data = true;
    const uint64_t bytes = body.uleb();
    const uint8_t* const data = body.at();
    while (*++letter != '\0') {
      switch (*letter) {
        case 'R':
          common.pointer_encoding = body.get<uint8_t>();
          break;
        case 'L':
          body.get<uint8_t>();
          break;
        case 'P': {
          const auto encoding = body.get<uint8_t>();
          body.pointer(encoding, 0);
          break;
        }
        case 'S':
          common.is_signal = true;
          break;
        case 'B':
          break;
        default:
          return common;
      }
    }
    if (!body.ok()) return common;
    body = DwarfBytes(data, common.end);
    body.skip(bytes);
  } else if (*letter != '\0') {
    return common;
  }
  common.instructions = body.at();
  common.valid = body.ok();
  return common;
}

// What is known of a register, or of the canonical frame address (CFA), at one point of a call frame program.
enum class Kind : uint8_t { kSame, kUndefined, kOffset, kExpression, kOther };
struct Value {
  Kind kind = Kind::kSame;
  uint8_t base = 0;  // register that the offset is added to, for the CFA and for expressions
  int64_t offset = 0;
  bool dereferenced = false;  // an expression that also loads the word there
};

struct Row {
  Value address;  // the canonical frame address
  Value frame_pointer;
  Value return_address;
};

// Reads the two forms of expressions that compilers write for functions that realign their stack: DW_OP_breg<n> offset,
// and the same followed by DW_OP_deref.
Value read_expression(DwarfBytes expression) noexcept {
  constexpr uint8_t kBaseRegister0 = 0x70;
  constexpr uint8_t kDereference = 0x06;
  Value value{Kind::kOther, 0, 0, false};
  const auto op = expression.get<uint8_t>();
  if (op < kBaseRegister0 || op >= kBaseRegister0 + 32) return value;
  value.base = static_cast<uint8_t>(op - kBaseRegister0);
  value.offset = expression.sleb();
  if (expression.more()) {
    if (expression.get<uint8_t>() != kDereference || expression.more()) return value;
    value.dereferenced = true;
  }
  if (expression.ok()) value.kind = Kind::kExpression;
  return value;
}

class RowMachine {
 public:
  RowMachine(const CommonInformation& common, uintptr_t begin, uintptr_t pc) noexcept
      : common_(common), location_(begin), pc_(pc) {}

  // Runs instructions up to `pc`. Returns false when one is not known. `initial`: those of the common information,
  // which DW_CFA_restore restores to.
  bool run(DwarfBytes in, bool initial) noexcept {
    while (in.more() && !past_) {
      if (!execute(in)) return false;
    }
    if (initial) initial_ = row_;
    return in.ok();
  }
  const Row& row() const noexcept { return row_; }

 private:
  static constexpr size_t kMaxRemembered = 16;

  void advance(uint64_t delta) noexcept {
    const uintptr_t next = location_ + delta * common_.code_alignment;
    past_ = next > pc_;
    if (!past_) location_ = next;
  }
  Value* tracked(uint64_t reg, Row& row) noexcept {
    if (reg == kFramePointerRegister) return &row.frame_pointer;
    if (reg == kReturnAddressRegister) return &row.return_address;
    return nullptr;
  }
  void set(uint64_t reg, const Value& value) noexcept {
    if (Value* const place = tracked(reg, row_)) *place = value;
  }
  void restore(uint64_t reg) noexcept {
    if (const Value* const place = tracked(reg, initial_)) set(reg, *place);
  }
  void set_address(uint64_t reg, int64_t offset) noexcept {
    row_.address = Value{Kind::kOffset, static_cast<uint8_t>(reg < 255 ? reg : 255), offset, false};
  }
  int64_t scaled(int64_t offset) const noexcept {
    return static_cast<int64_t>(static_cast<uint64_t>(offset) * static_cast<uint64_t>(common_.data_alignment));
  }
  static DwarfBytes block(DwarfBytes& in) noexcept {
    const uint64_t bytes = in.uleb();
    const uint8_t* const begin = in.at();
    in.skip(bytes);
    return DwarfBytes(begin, in.ok() ? in.at() : begin);
  }

  bool execute(DwarfBytes& in) noexcept;

  const CommonInformation& common_;
  uintptr_t location_;
  uintptr_t pc_;
  bool past_ = false;
  Row row_;
  Row initial_;
  Row remembered_[kMaxRemembered];
  size_t depth_ = 0;
};

bool RowMachine::execute(DwarfBytes& in) noexcept {
  const auto op = in.get<uint8_t>();
  const uint8_t low = op & 0x3f;
  switch (op & 0xc0) {
    case 0x40:  // DW_CFA_advance_loc
      advance(low);
      return true;
    case 0x80:  // DW_CFA_offset
      set(low, Value{Kind::kOffset, 0, scaled(static_cast<int64_t>(in.uleb())), false});
      return true;
    case 0xc0:  // DW_CFA_restore
      restore(low);
      return true;
    default:
      break;
  }
  uint64_t reg = 0;
  switch (op) {
    case 0x00:  // DW_CFA_nop
      return true;
    case 0x01: {  // DW_CFA_set_loc
      const uintptr_t location = in.pointer(common_.pointer_encoding, 0);
      past_ = location > pc_;
      if (!past_) location_ = location;
      return true;
    }
    case 0x02:
      advance(in.get<uint8_t>());
      return true;
    case 0x03:
      advance(in.get<uint16_t>());
      return true;
    case 0x04:
      advance(in.get<uint32_t>());
      return true;
    case 0x05:  // DW_CFA_offset_extended
      reg = in.uleb();
      set(reg, Value{Kind::kOffset, 0, scaled(static_cast<int64_t>(in.uleb())), false});
      return true;
    case 0x06:  // DW_CFA_restore_extended
      restore(in.uleb());
      return true;
    case 0x07:  // DW_CFA_undefined
      set(in.uleb(), Value{Kind::kUndefined, 0, 0, false});
      return true;
    case 0x08:  // DW_CFA_same_value
      set(in.uleb(), Value{});
      return true;
    case 0x09:  // DW_CFA_register
      reg = in.uleb();
      in.uleb();
      set(reg, Value{Kind::kOther, 0, 0, false});
      return true;
    case 0x0a:  // DW_CFA_remember_state
      if (depth_ == kMaxRemembered) return false;
      remembered_[depth_++] = row_;
      return true;
    case 0x0b:  // DW_CFA_restore_state
      if (depth_ == 0) return false;
      row_ = remembered_[--depth_];
      return true;
    case 0x0c:  // DW_CFA_def_cfa
      reg = in.uleb();
      set_address(reg, static_cast<int64_t>(in.uleb()));
      return true;
    case 0x0d:  // DW_CFA_def_cfa_register
      set_address(in.uleb(), row_.address.offset);
      return true;
    case 0x0e:  // DW_CFA_def_cfa_offset
      row_.address.offset = static_cast<int64_t>(in.uleb());
      return true;
    case 0x0f:  // DW_CFA_def_cfa_expression
      row_.address = read_expression(block(in));
      return true;
    case 0x10:  // DW_CFA_expression
      reg = in.uleb();
      set(reg, read_expression(block(in)));
      return true;
    case 0x11:  // DW_CFA_offset_extended_sf
      reg = in.uleb();
      set(reg, Value{Kind::kOffset, 0, scaled(in.sleb()), false});
      return true;
    case 0x12:  // DW_CFA_def_cfa_sf
      reg = in.uleb();
      set_address(reg, scaled(in.sleb()));
      return true;
    case 0x13:  // DW_CFA_def_cfa_offset_sf
      row_.address.offset = scaled(in.sleb());
      return true;
    case 0x14:  // DW_CFA_val_offset
    case 0x15:  // DW_CFA_val_offset_sf
      reg = in.uleb();
      in.uleb();
      set(reg, Value{Kind::kOther, 0, 0, false});
      return true;
    case 0x16:  // DW_CFA_val_expression
      reg = in.uleb();
      block(in);
      set(reg, Value{Kind::kOther, 0, 0, false});
      return true;
    case 0x2e:  // DW_CFA_GNU_args_size
      in.uleb();
      return true;
    default:
      return false;
  }
}

bool fits_offset(int64_t offset) noexcept {
  return offset >= INT16_MIN && offset <= INT16_MAX;
}

UnwindRule rule_of(const Row& row) noexcept {
  UnwindRule rule;
  if (row.return_address.kind == Kind::kUndefined) {
    rule.address = FrameAddress::kOutermost;
    return rule;
  }
  const Value& address = row.address;
  const Value& pointer = row.frame_pointer;
  if (row.return_address.kind != Kind::kOffset || row.return_address.offset != kReturnAddressOffset) return rule;
  if (address.offset < INT32_MIN || address.offset > INT32_MAX) return rule;
  if (pointer.kind == Kind::kOffset) {
    rule.frame_pointer = FramePointer::kInFrame;
  } else if (pointer.kind == Kind::kExpression && pointer.base == kFramePointerRegister && !pointer.dereferenced) {
    rule.frame_pointer = FramePointer::kAtFramePointer;
  } else if (pointer.kind == Kind::kExpression || pointer.kind == Kind::kOther) {
    return rule;
  }
  if (!fits_offset(pointer.offset)) return UnwindRule{};
  rule.frame_pointer_offset = static_cast<int16_t>(pointer.offset);
  rule.address_offset = static_cast<int32_t>(address.offset);
  if (address.kind == Kind::kOffset && address.base == kStackPointerRegister) {
    rule.address = FrameAddress::kStackPointer;
  } else if (address.kind == Kind::kOffset && address.base == kFramePointerRegister) {
    rule.address = FrameAddress::kFramePointer;
  } else if (address.kind == Kind::kExpression && address.dereferenced && address.base == kFramePointerRegister) {
    rule.address = FrameAddress::kFramePointerSlot;
  } else {
    return UnwindRule{};
  }
  return rule;
}

bool lies_in(const CallFrameInfo& info, const uint8_t* place) noexcept {
  const auto at = reinterpret_cast<uintptr_t>(place);
  return at >= info.start && at < info.end;
}

// Reads the description at `entry`. `function` is 0 when it is not a description, or not of `pc`.
FrameDescription read_description(const CallFrameInfo& info, const uint8_t* entry, uintptr_t pc) noexcept {
  FrameDescription found;
  if (!lies_in(info, entry)) return found;
  const auto* const limit = reinterpret_cast<const uint8_t*>(info.end);
  const uint8_t* end = nullptr;
  DwarfBytes in(entry, limit);
  if (!read_length(in, limit, end)) return found;
  const uint8_t* const id_place = in.at();
  DwarfBytes body(id_place, end);
  const auto id = body.get<uint32_t>();
  if (id == 0 || !lies_in(info, id_place - id)) return found;
  const CommonInformation common = read_common(id_place - id, limit);
  if (!common.valid) return found;
  const uintptr_t begin = body.pointer(common.pointer_encoding, 0);
  const uintptr_t size = body.pointer(common.pointer_encoding & kFormat, 0);
  if (!body.ok() || pc < begin || pc - begin >= size) return found;
  found.function = begin;
  found.function_end = begin + size;
  if (common.is_signal) {
    found.rule.address = FrameAddress::kSignal;
    return found;
  }
  if (common.has_augmentation_data) body.skip(body.uleb());
  RowMachine machine(common, begin, pc);
  if (!machine.run(DwarfBytes(common.instructions, common.end), true)) return found;
  if (!machine.run(body, false)) return found;
  found.rule = rule_of(machine.row());
  return found;
}

// Searches all entries in turn, for modules whose linker wrote no table.
FrameDescription search_entries(const CallFrameInfo& info, const uint8_t* entry, uintptr_t pc) noexcept {
  const auto* const limit = reinterpret_cast<const uint8_t*>(info.end);
  const uint8_t* end = nullptr;
  for (DwarfBytes in(entry, limit); read_length(in, limit, end); in = DwarfBytes(entry, limit)) {
    const FrameDescription found = read_description(info, entry, pc);
    if (found.function != 0) return found;
    entry = end;
  }
  return {};
}

// A row of the table in .eh_frame_hdr: the begin of the described code and its entry, both relative to the header. Rows
// are sorted by `begin`.
struct TableRow {
  int32_t begin;
  int32_t entry;
};

FrameDescription search_table(const CallFrameInfo& info, const uint8_t* table, uint64_t rows, uintptr_t pc) noexcept {
  const auto row_at = [table](uint64_t i) {
    TableRow row;
    __builtin_memcpy(&row, table + i * sizeof row, sizeof row);
    return row;
  };
  const auto base = reinterpret_cast<uintptr_t>(info.header);
  uint64_t low = 0;
  for (uint64_t high = rows; low < high;) {
    const uint64_t middle = low + (high - low) / 2;
    if (base + static_cast<uintptr_t>(intptr_t{row_at(middle).begin}) <= pc) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low == 0) return {};
  return read_description(info, info.header + row_at(low - 1).entry, pc);
}

}  // namespace

FrameDescription describe_frame(const CallFrameInfo& info, uintptr_t pc) noexcept {
  if (info.header == nullptr) return {};
  const auto* const limit = reinterpret_cast<const uint8_t*>(info.end);
  const auto base = reinterpret_cast<uintptr_t>(info.header);
  DwarfBytes in(info.header, limit);
  constexpr uint8_t kVersion = 1;
  if (in.get<uint8_t>() != kVersion) return {};
  const auto frames_encoding = in.get<uint8_t>();
  const auto count_encoding = in.get<uint8_t>();
  const auto table_encoding = in.get<uint8_t>();
  const uintptr_t frames = in.pointer(frames_encoding, base);
  const uint64_t rows = in.pointer(count_encoding, base);
  if (!in.ok() || frames < info.start || frames >= info.end) return {};
  if (table_encoding == kSigned4DataRelative && rows != 0 && rows <= in.left() / sizeof(TableRow)) {
    return search_table(info, in.at(), rows, pc);
  }
  return search_entries(info, reinterpret_cast<const uint8_t*>(frames), pc);
}

}  // namespace cistern::preload
