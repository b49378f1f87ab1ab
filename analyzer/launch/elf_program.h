// What an ELF file's headers say about preloading a library under it. Reads headers only; any file may be given.
#pragma once

#include <cstdint>
#include <string>

#include "analyzer/write/descriptor.h"

namespace cistern::analyzer {

struct ElfProgram {
  bool elf = false;  // has a complete ELF header; else the rest says nothing
  uint8_t bits = 0;  // 32 or 64
  uint16_t machine = 0;
  std::string loader;  // PT_INTERP; empty: statically linked. Read from files of our own class only.
};

ElfProgram read_elf(const Descriptor& file);

// Why the loader would not preload a library like `library` into `program`, which lies in `file`: empty when it would.
std::string preload_obstacle(const Descriptor& file, const ElfProgram& program, const ElfProgram& library);

}  // namespace cistern::analyzer
