// Text in fixed buffers: building it and parsing it, without allocation, locale or errno. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace cistern::preload {

// Collects text. Text that does not fit is dropped; then complete() returns false. Always NUL-terminated.
template <size_t kCapacity>
class Text {
 public:
  static constexpr size_t kCapacityBytes = kCapacity;  // with the NUL

  Text& add(std::string_view text) noexcept {
    const size_t free = kCapacity - 1 - size_;
    const size_t taken = text.size() < free ? text.size() : free;
    std::memcpy(data_ + size_, text.data(), taken);
    size_ += taken;
    data_[size_] = '\0';
    complete_ = complete_ && taken == text.size();
    return *this;
  }
  Text& add(uint64_t value) noexcept {
    char digits[20];
    size_t at = sizeof digits;
    do {
      digits[--at] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0);
    return add(std::string_view(digits + at, sizeof digits - at));
  }
  // Requires that the text has `size` bytes.
  void cut(size_t size) noexcept {
    size_ = size;
    data_[size_] = '\0';
  }
  void clear() noexcept {
    size_ = 0;
    data_[0] = '\0';
    complete_ = true;
  }

  bool complete() const noexcept { return complete_; }
  size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const char* c_str() const noexcept { return data_; }
  std::string_view view() const noexcept { return {data_, size_}; }

 private:
  size_t size_ = 0;
  bool complete_ = true;
  char data_[kCapacity] = {};
};

using PathText = Text<4096>;

// Returns the decimal number at the start of `text` and removes it from `text`; 0 when there is none.
inline uint64_t take_number(std::string_view& text) noexcept {
  uint64_t value = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    value = value * 10 + static_cast<uint64_t>(text.front() - '0');
    text.remove_prefix(1);
  }
  return value;
}

inline std::string_view base_name(std::string_view path) noexcept {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

inline std::string_view directory_of(std::string_view path) noexcept {
  const size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? path.substr(0, 1) : path.substr(0, slash);
}

}  // namespace cistern::preload
