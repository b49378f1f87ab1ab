// An open file, closed at the end of its stream's life, with reads and writes that are whole or fail.
// Errors: Failure (exit code 125), naming the path.
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

  // Reads up to `size` bytes at `offset`; fewer are returned only at the end of the file.
  uint64_t read_at(uint64_t offset, void* to, uint64_t size) const;
  void truncate() const;  // to nothing
  // What a full disk still took behind the end of the file is taken back.
  void write_at(uint64_t offset, const void* from, uint64_t size) const;

  // The value of trivially copyable type T at `offset`, zero-filled where the file ends.
  template <typename T>
  T value_at(uint64_t offset) const {
    T value{};
    read_at(offset, &value, sizeof value);
    return value;
  }

 private:
  [[noreturn]] void take_back(uint64_t offset, uint64_t written) const;

  std::string path_;
  int number_;
};

}  // namespace cistern::analyzer
