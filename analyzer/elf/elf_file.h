// An open ELF file (libelf). Opens regular files only, and never blocks on a FIFO or a device. There are no exceptions:
// is_open() is false after an error. Movable, not copyable. Not thread-safe.
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
  // Whether a file of that name exists, even if it is not an ELF file.
  bool is_there() const noexcept { return descriptor_ >= 0; }
  Elf* elf() const noexcept { return elf_; }
  const std::string& path() const noexcept { return path_; }
  uint64_t size_bytes() const noexcept { return size_bytes_; }
  int64_t modified_unix_ns() const noexcept { return modified_unix_ns_; }

  // Raw bytes, empty when there is no build id. A view into the file.
  std::string_view build_id() const;

  // The content of .gnu_debuglink: the name and checksum of the separate debug file.
  struct DebugLink {
    std::string name;  // without a directory; empty: no such section
    uint32_t crc = 0;  // CRC-32 of the debug file
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
