#include "analyzer/elf/rust_v0_name.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "analyzer/elf/utf8.h"

namespace cistern::analyzer {
namespace {

constexpr int kDeepest = 128;
constexpr size_t kLongest = 2048;
constexpr int kMostSteps = 20'000;

std::string_view basic_type(char tag) {
  constexpr std::string_view kNames[] = {"i8",    "bool", "char", "f64", "str",  "f32",  "",    "u8", "isize",
                                         "usize", "",     "i32",  "u32", "i128", "u128", "_",   "",   "",
                                         "i16",   "u16",  "()",   "...", "",     "i64",  "u64", "!"};
  return tag >= 'a' && tag <= 'z' ? kNames[tag - 'a'] : std::string_view{};
}

// RFC 3492, without checks of case: the bytes up to the last '_' are the ASCII characters.
std::optional<std::string> from_punycode(std::string_view text) {
  const size_t dash = text.rfind('_');
  std::vector<uint32_t> points;
  std::string_view digits = text;
  if (dash != std::string_view::npos) {
    for (const char c : text.substr(0, dash)) points.push_back(static_cast<unsigned char>(c));
    digits = text.substr(dash + 1);
  }
  uint64_t code_point = 128, index = 0, bias = 72, damp = 700;
  for (size_t at = 0; at < digits.size();) {
    const uint64_t begun = index;
    uint64_t weight = 1;
    for (uint64_t k = 36;; k += 36) {
      if (at == digits.size() || weight > UINT32_MAX) return std::nullopt;
      const char c = digits[at++];
      const int digit = c >= 'a' && c <= 'z' ? c - 'a' : c >= '0' && c <= '9' ? c - '0' + 26 : -1;
      if (digit < 0) return std::nullopt;
      index += static_cast<uint64_t>(digit) * weight;
      const uint64_t threshold = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
      if (static_cast<uint64_t>(digit) < threshold) break;
      weight *= 36 - threshold;
    }
    const uint64_t count = points.size() + 1;
    uint64_t delta = (index - begun) / damp;
    damp = 2;
    delta += delta / count;
    for (bias = 0; delta > 455; bias += 36) delta /= 35;
    bias += 36 * delta / (delta + 38);
    code_point += index / count;
    index %= count;
    if (code_point > 0x10FFFF) return std::nullopt;
    points.insert(points.begin() + static_cast<std::ptrdiff_t>(index++), static_cast<uint32_t>(code_point));
  }
  std::string out;
  for (const uint32_t point : points) out += utf8_of(point).value_or("?");
  return out;
}

// Parses a name and prints it in one pass. A syntax error stops the pass.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<std::string> read() {
    if (!at_end() && peek() >= '0' && peek() <= '9') return std::nullopt;  // an unsupported version of the encoding
    path(true);
    return ok_ && !out_.empty() ? std::optional(out_) : std::nullopt;
  }

 private:
  // Limits the nesting depth and the total work.
  struct Level {
    explicit Level(Reader& reader) : reader_(reader) {
      if (++reader_.depth_ > kDeepest || ++reader_.steps_ > kMostSteps || reader_.out_.size() > kLongest)
        reader_.fail();
    }
    ~Level() { --reader_.depth_; }
    Reader& reader_;
  };

  void fail() { ok_ = false; }
  bool at_end() const { return at_ >= text_.size() || !ok_; }
  char peek() const { return at_end() ? '\0' : text_[at_]; }
  char take() {
    if (at_end()) {
      fail();
      return '\0';
    }
    return text_[at_++];
  }
  bool took(char c) {
    const bool is = peek() == c;
    at_ += is ? 1 : 0;
    return is;
  }
  void print(std::string_view text) {
    if (!silent_ && ok_) out_ += text;
  }

  uint64_t decimal() {
    if (took('0')) return 0;
    uint64_t value = 0;
    if (peek() < '1' || peek() > '9') fail();
    while (peek() >= '0' && peek() <= '9' && value < text_.size())
      value = value * 10 + static_cast<uint64_t>(take() - '0');
    return value;
  }

  uint64_t base_62() {
    if (took('_')) return 0;
    uint64_t value = 0;
    for (char c = take(); ok_ && c != '_'; c = take()) {
      const int digit = c >= '0' && c <= '9'   ? c - '0'
                        : c >= 'a' && c <= 'z' ? c - 'a' + 10
                        : c >= 'A' && c <= 'Z' ? c - 'A' + 36
                                               : -1;
      if (digit < 0 || value > std::numeric_limits<uint32_t>::max()) fail();
      value = value * 62 + static_cast<uint64_t>(digit);
    }
    return value + 1;
  }

  uint64_t disambiguator() { return took('s') ? base_62() + 1 : 0; }

  std::string plain_identifier() {
    const bool unicode = took('u');
    const uint64_t length = decimal();
    took('_');
    if (!ok_ || length > text_.size() - at_) {
      fail();
      return {};
    }
    const std::string_view bytes = text_.substr(at_, length);
    at_ += length;
    if (!unicode) return std::string(bytes);
    return from_punycode(bytes).value_or("punycode{" + std::string(bytes) + "}");
  }

  // Parses one element at an earlier position (a back reference).
  template <typename Read>
  void refer_back(Read read) {
    const size_t begun = at_ - 1;
    const uint64_t target = base_62();
    if (target >= begun || silent_) return target >= begun ? fail() : void();
    const size_t back_to = at_;
    at_ = target;
    read();
    at_ = back_to;
  }

  void silently_path() {
    const bool was = silent_;
    silent_ = true;
    path(false);
    silent_ = was;
  }

  void impl_path() {
    disambiguator();
    silently_path();
  }

  void path(bool in_value) {
    const Level level(*this);
    if (!ok_) return;
    switch (take()) {
      case 'C':
        disambiguator();
        return print(plain_identifier());
      case 'M':
        impl_path();
        return in_angles([&] { type(); });
      case 'X':
        impl_path();
        [[fallthrough]];
      case 'Y':
        return in_angles([&] {
          type();
          print(" as ");
          path(false);
        });
      case 'N':
        return nested_path(in_value);
      case 'I':
        path(in_value);
        if (in_value) print("::");
        return in_angles([&] { list([&] { generic_argument(); }); });
      case 'B':
        return refer_back([&] { path(in_value); });
      default:
        return fail();
    }
  }

  template <typename Print>
  void in_angles(Print inner) {
    print("<");
    inner();
    print(">");
  }

  // Elements up to an 'E'.
  template <typename Element>
  size_t list(Element element, std::string_view separator = ", ") {
    size_t count = 0;
    for (; ok_ && !took('E'); ++count) {
      if (count != 0) print(separator);
      element();
    }
    return count;
  }

  void nested_path(bool in_value) {
    const char space = take();
    path(in_value);
    const uint64_t number = disambiguator();
    const std::string name = plain_identifier();
    if (space >= 'a' && space <= 'z') {
      if (!name.empty()) print("::" + name);
    } else if (space >= 'A' && space <= 'Z') {
      const std::string what = space == 'C' ? "closure" : space == 'S' ? "shim" : std::string(1, space);
      print("::{" + what + (name.empty() ? "" : ":" + name) + "#" + std::to_string(number) + "}");
    } else {
      fail();
    }
  }

  void generic_argument() {
    if (took('L')) {
      base_62();
      print("'_");
    } else if (took('K')) {
      constant();
    } else {
      type();
    }
  }

  void lifetime() {
    if (took('L')) base_62();
  }
  void binder() {
    if (took('G')) base_62();
  }

  void type() {
    const Level level(*this);
    if (!ok_) return;
    const char tag = take();
    if (const std::string_view name = basic_type(tag); !name.empty()) return print(name);
    switch (tag) {
      case 'A':
        print("[");
        type();
        print("; ");
        constant();
        return print("]");
      case 'S':
        print("[");
        type();
        return print("]");
      case 'T':
        print("(");
        if (list([&] { type(); }) == 1) print(",");
        return print(")");
      case 'R':
      case 'Q':
        lifetime();
        print(tag == 'R' ? "&" : "&mut ");
        return type();
      case 'P':
      case 'O':
        print(tag == 'P' ? "*const " : "*mut ");
        return type();
      case 'F':
        return function_type();
      case 'D':
        return dynamic_type();
      case 'B':
        return refer_back([&] { type(); });
      default:
        --at_;
        return path(false);
    }
  }

  void function_type() {
    binder();
    if (took('U')) print("unsafe ");
    if (took('K')) print("extern \"" + (took('C') ? std::string("C") : plain_identifier()) + "\" ");
    print("fn(");
    list([&] { type(); });
    print(")");
    if (took('u')) return;
    print(" -> ");
    type();
  }

  void dynamic_type() {
    print("dyn ");
    binder();
    list(
        [&] {
          path(false);
          while (took('p')) {
            print("<" + plain_identifier() + " = ");
            type();
            print(">");
          }
        },
        " + ");
    lifetime();
  }

  void constant() {
    const Level level(*this);
    if (!ok_ || took('p')) return print("_");
    if (took('B')) return refer_back([&] { constant(); });
    const char tag = take();
    const bool negative = took('n');
    const size_t begin = at_;
    uint64_t value = 0;
    while (ok_ && peek() != '_') {
      const char c = take();
      const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      if (digit < 0) return fail();
      value = value << 4 | static_cast<uint64_t>(digit);
    }
    const std::string_view digits = text_.substr(begin, at_ - begin);
    take();
    if (tag == 'b') return print(value != 0 ? "true" : "false");
    if (tag == 'c') return print("'" + utf8_of(static_cast<uint32_t>(value)).value_or("?") + "'");
    if (basic_type(tag).empty()) return fail();
    print(negative ? "-" : "");
    print(digits.size() <= 16 ? std::to_string(value) : "0x" + std::string(digits));
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string out_;
  bool ok_ = true;
  bool silent_ = false;
  int depth_ = 0;
  int steps_ = 0;
};

}  // namespace

std::optional<std::string> rust_v0_name(std::string_view rest) {
  return Reader(rest).read();
}

}  // namespace cistern::analyzer
