#include "analyzer/elf/elf_file.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

namespace cistern::analyzer {

ElfFile::ElfFile(const std::string& path) : path_(path) {
  descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  struct stat status {};
  if (descriptor_ < 0 || fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) return;
  size_bytes_ = static_cast<uint64_t>(status.st_size);
  modified_unix_ns_ = int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  elf_version(EV_CURRENT);
  elf_ = elf_begin(descriptor_, ELF_C_READ_MMAP, nullptr);
  if (elf_ == nullptr || elf_kind(elf_) == ELF_K_ELF) return;
  elf_end(elf_);
  elf_ = nullptr;
}

ElfFile::~ElfFile() {
  close();
}

ElfFile::ElfFile(ElfFile&& other) noexcept {
  *this = std::move(other);
}

ElfFile& ElfFile::operator=(ElfFile&& other) noexcept {
  if (this == &other) return *this;
  close();
  path_ = std::move(other.path_);
  descriptor_ = std::exchange(other.descriptor_, -1);
  elf_ = std::exchange(other.elf_, nullptr);
  size_bytes_ = other.size_bytes_;
  modified_unix_ns_ = other.modified_unix_ns_;
  return *this;
}

void ElfFile::close() noexcept {
  if (elf_ != nullptr) elf_end(elf_);
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string_view ElfFile::build_id() const {
  const void* bytes = nullptr;
  const auto size = elf_ == nullptr ? 0 : dwelf_elf_gnu_build_id(elf_, &bytes);
  return size > 0 ? std::string_view(static_cast<const char*>(bytes), static_cast<size_t>(size)) : std::string_view{};
}

ElfFile::DebugLink ElfFile::debug_link() const {
  DebugLink link;
  const char* const name = elf_ == nullptr ? nullptr : dwelf_elf_gnu_debuglink(elf_, &link.crc);
  if (name != nullptr) link.name = name;
  if (link.name.find('/') != std::string::npos) link.name.clear();
  return link;
}

}  // namespace cistern::analyzer
