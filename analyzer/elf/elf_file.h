// An open ELF file, as libelf has it. Opens regular files only, and does not wait for any. Errors are no exceptions:
// what is no ELF file is not open. Moves, does not copy.
#pragma once

#include <libelf.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace cistern::analyzer {

class ElfFile {
 public:
  ElfFile() = default;
  explicit ElfFile(const std::string& path);
  ~ElfFile();
  ElfFile(ElfFile&& other) noexcept;
  ElfFile& operator=(ElfFile&& other) noexcept;

  bool is_open() const noexcept { return elf_ != nullptr; }
  // There is a file of that name, whatever it is.
  bool is_there() const noexcept { return descriptor_ >= 0; }
  Elf* elf() const noexcept { return elf_; }
  const std::string& path() const noexcept { return path_; }
  uint64_t size_bytes() const noexcept { return size_bytes_; }
  int64_t modified_unix_ns() const noexcept { return modified_unix_ns_; }

  // Raw bytes, empty when it has none; views into the file.
  std::string_view build_id() const;

  // What .gnu_debuglink says of the file in which the debug information lies apart.
  struct DebugLink {
    std::string name;  // without a folder; empty: there is none
    uint32_t crc = 0;  // of that file
  };
  DebugLink debug_link() const;

 private:
  void close() noexcept;

  std::string path_;
  int descriptor_ = -1;
  Elf* elf_ = nullptr;
  uint64_t size_bytes_ = 0;
  int64_t modified_unix_ns_ = 0;
};

}  // namespace cistern::analyzer
