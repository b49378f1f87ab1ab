// Makes a profile and its window from a fuzz input. Readers refuse a mutated file because of its checksums, so the
// input has only the parts between them, and the files are made around these parts:
//
//   input   := selector flags switches header item*
//   header  := 128 bytes, a ProfileHeader (short ones are filled up with zeros)
//   item    := "CSEG" segment header, payload     a segment of the profile
//            | "CSLT" slot control, segment header, payload     a slot of the window
//            | "CWIN" the first bytes of the window's control
//
// An item ends at the next item's magic. Lengths, checksums and the identity of the process are corrected, unless a
// flag keeps them. With kVerbatim, everything behind `switches` is the profile, unchanged.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cistern::fuzz {

enum InputFlag : uint8_t {
  kKeepLengths = 1,
  kKeepChecksums = 2,  // of segments
  kKeepHeader = 4,     // its checksum and size
  kKeepIdentity = 8,   // process, generation
  kVerbatim = 16,
  kKeepPadding = 32,  // segments lie one behind the other, at any offset
};

struct InputFiles {
  uint8_t selector = 0;  // what the target does with the files
  uint8_t switches = 0;  // options of that
  std::string profile;
  std::string window;  // empty: none
};

InputFiles input_files(std::span<const uint8_t> input);

// Changes one record, event payload or item of an input and keeps the rest valid. For LLVMFuzzerCustomMutator.
size_t mutate_input(uint8_t* data, size_t size, size_t max_size, unsigned seed);

}  // namespace cistern::fuzz
