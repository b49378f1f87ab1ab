// Whether a library can be preloaded into a program, from the program's ELF headers. Any file may be given.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/write/descriptor.h"

namespace cistern::analyzer {

struct ElfProgram {
  bool elf = false;  // has a complete ELF header; if not, the other fields are unset
  uint8_t bits = 0;  // 32 or 64
  uint16_t machine = 0;
  std::string loader;  // PT_INTERP; empty: statically linked. Only read from 64-bit files.
};

ElfProgram read_elf(const Descriptor& file);

// Why the loader would not preload `library` into `program`, whose file is `file`. Empty when it would.
std::string preload_obstacle(const Descriptor& file, const ElfProgram& program, const ElfProgram& library);

}  // namespace cistern::analyzer
