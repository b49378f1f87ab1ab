#include "analyzer/launch/elf_program.h"

#include <elf.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <climits>
#include <cstring>

namespace cistern::analyzer {
namespace {

std::string loader_of(const Descriptor& file, const Elf64_Ehdr& header) {
  if (header.e_phentsize != sizeof(Elf64_Phdr)) return {};
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    const auto segment = file.value_at<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type != PT_INTERP) continue;
    char path[PATH_MAX] = {};
    file.read_at(segment.p_offset, path, std::min<uint64_t>(segment.p_filesz, sizeof path - 1));
    return path;
  }
  return {};
}

// On nosuid mounts and with no_new_privs the kernel ignores set-ID bits and capabilities.
bool privileges_are_ignored(const Descriptor& file) {
  struct statvfs mount;
  const bool nosuid = fstatvfs(file.number(), &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0;
  return nosuid || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

// The privilege for which the kernel sets AT_SECURE, so that the loader ignores LD_PRELOAD (see ld.so(8) and
// credentials(7)). Empty when there is none.
std::string privileges_of(const Descriptor& file) {
  struct stat status;
  if (fstat(file.number(), &status) != 0 || privileges_are_ignored(file)) return {};
  if ((status.st_mode & S_ISUID) != 0 && status.st_uid != getuid()) return "set-user-ID";
  const bool set_group = (status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0;
  if (set_group && status.st_gid != getgid()) return "set-group-ID";
  const bool capable = fgetxattr(file.number(), "security.capability", nullptr, 0) > 0;
  return capable && getuid() != 0 ? "given capabilities" : "";
}

}  // namespace

ElfProgram read_elf(const Descriptor& file) {
  ElfProgram program;
  Elf64_Ehdr header{};
  const uint64_t got = file.read_at(0, &header, sizeof header);
  if (got < sizeof(Elf32_Ehdr) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return program;
  program.elf = true;
  program.bits = header.e_ident[EI_CLASS] == ELFCLASS64 ? 64 : 32;
  program.machine = header.e_machine;  // at the same place in both classes
  if (program.bits == 64 && got == sizeof header) program.loader = loader_of(file, header);
  return program;
}

std::string preload_obstacle(const Descriptor& file, const ElfProgram& program, const ElfProgram& library) {
  if (program.bits != library.bits) {
    return "a " + std::to_string(program.bits) + "-bit program cannot load the " + std::to_string(library.bits) +
           "-bit recorder";
  }
  if (program.machine != library.machine) return "made for another architecture than the recorder";
  if (program.loader.empty()) return "statically linked, so LD_PRELOAD has no effect on it";
  if (program.loader.find("/ld-musl") != std::string::npos) return "linked to musl, but the recorder needs glibc";
  const std::string privileges = privileges_of(file);
  return privileges.empty() ? "" : privileges + ", so LD_PRELOAD has no effect on it";
}

}  // namespace cistern::analyzer
