// An open file. The destructor closes it. Reads and writes are complete or fail.
// Errors: Failure, exit code 3; the message names the path.
#pragma once

#include <cstdint>
#include <string>

namespace cistern::analyzer {

class Descriptor {
 public:
  // `flags` as for open(2); O_CLOEXEC is added.
  Descriptor(const std::string& path, int flags, unsigned mode = 0);
  ~Descriptor();
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const noexcept { return number_; }
  const std::string& path() const noexcept { return path_; }
  uint64_t size() const;

  // Reads up to `size` bytes at `offset`. Returns how many; fewer than `size` only at the end of the file.
  uint64_t read_at(uint64_t offset, void* to, uint64_t size) const;
  void truncate() const;  // to size 0
  // Writes `size` bytes at `offset`. If an append fails half-way (disk full), the file is cut back to its old size.
  void write_at(uint64_t offset, const void* from, uint64_t size) const;

  // The value of trivially copyable type T at `offset`. Bytes behind the end of the file are zero.
  template <typename T>
  T value_at(uint64_t offset) const {
    T value{};
    read_at(offset, &value, sizeof value);
    return value;
  }

 private:
  [[noreturn]] void roll_back(uint64_t offset, uint64_t written) const;

  std::string path_;
  int number_;
};

}  // namespace cistern::analyzer
