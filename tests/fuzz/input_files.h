// A fuzz input as a profile and its window. A mutated file would be refused by its checksums, so an input is what lies
// between them, and the files are made around it:
//
//   input   := selector flags switches header item*
//   header  := 128 bytes, a ProfileHeader (short ones are filled up with zeros)
//   item    := "CSEG" segment header, payload     a segment of the profile
//            | "CSLT" slot control, segment header, payload     a slot of the window
//            | "CWIN" the first bytes of the window's control
//
// An item goes on to the next item's magic. Lengths, checksums and the process's identity are set as they ought to be
// unless a flag says that they stay as they are; with kVerbatim all behind `switches` is the profile, as it is.
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
  uint8_t selector = 0;  // what the target does with them
  uint8_t switches = 0;  // and how
  std::string profile;
  std::string window;  // empty: none
};

InputFiles input_files(std::span<const uint8_t> input);

// A change to one record, event payload or item of an input, that leaves the rest in order. For
// LLVMFuzzerCustomMutator.
size_t mutate_input(uint8_t* data, size_t size, size_t room, unsigned seed);

}  // namespace cistern::fuzz
