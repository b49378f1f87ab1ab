// The header page of a profile and of a window: the kind of file, its process image, and its clock.
// All integers are little-endian; structs are trivially copyable and their sizes are asserted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace cistern {

constexpr char kProfileMagic[8] = {'C', 'I', 'S', 'T', 'E', 'R', 'N', '\n'};
// A reader accepts every minor version of its own major version: it skips new record types by length.
constexpr uint16_t kFormatMajor = 2;
constexpr uint16_t kFormatMinor = 2;
constexpr uint32_t kProfileHeaderBytes = 4096;

// Files of an image in X.cistern.d are called PID-START-NUMBER and one of these suffixes. See FORMAT.md, "Files".
constexpr std::string_view kProfileSuffix = ".cistern";
constexpr std::string_view kWindowSuffix = ".window";
constexpr std::string_view kPackedSuffix = ".packed";
constexpr std::string_view kNextSuffix = ".next";
// In the folder: a line "PID START NAME" for each program without Python that a recorded image started, and "PID START
// > PATH" where such a program executes another one without the recorder.
constexpr std::string_view kProgramsFile = "programs";

constexpr bool is_image_file(std::string_view name) noexcept {
  const size_t numbers = name.find_first_not_of("0123456789-");
  if (numbers == 0 || numbers == std::string_view::npos) return false;
  const std::string_view suffix = name.substr(numbers);
  return suffix == kProfileSuffix || suffix == kWindowSuffix || suffix == kPackedSuffix || suffix == kNextSuffix;
}

enum class FileRole : uint16_t {
  kProfile = 1,  // sealed segments, appended
  kWindow = 2,   // WindowControl and slots, see window_layout.h
};

enum class ClockKind : uint16_t {
  kTsc = 1,        // x86 time-stamp counter
  kMonotonic = 2,  // CLOCK_MONOTONIC in nanoseconds
};

// How a reader finds out whether the image's process still runs.
enum class ImageLock : uint32_t {
  kNone = 0,     // by pid and start time, in the same pid namespace
  kProfile = 1,  // while it runs, the image holds a read lock (F_OFD_SETLK) on byte kImageLockByte of its profile file
};
constexpr uint64_t kImageLockByte = 0;
// The process that packs the profile holds a write lock on this byte: only one at a time does.
constexpr uint64_t kPackerLockByte = 1;

// A process image: what a process runs between two calls of exec. A forked child is an image of its own.
struct ImageIdentity {
  uint64_t start_ticks;    // of the process: /proc/PID/stat field 22, clock ticks since boot
  uint64_t start_unix_ns;  // of the recording of this image, CLOCK_REALTIME
  uint32_t pid;
  uint32_t number;  // 1, 2, … of the images recorded under this pid and start
};
static_assert(sizeof(ImageIdentity) == 24);

struct ProfileHeader {
  char magic[8];
  uint16_t major;
  uint16_t minor;
  FileRole role;
  uint16_t machine;  // ELF e_machine of the recorded process: 62 x86-64, 183 aarch64
  uint32_t header_bytes;
  ClockKind clock;
  uint16_t time_shift;  // a time in this file is clock >> time_shift
  uint64_t clock_hz;    // estimate of the clock's rate before the shift; clock pairs are more exact
  uint64_t first_time;  // when this image's recording began, in this file's time
  ImageIdentity image;
  ImageIdentity parent;    // all zero: not the child of a recorded image
  uint32_t generation;     // number of forks from the first image down to this one
  uint32_t domains;        // DomainMask that was requested
  uint64_t pid_namespace;  // in which the pids are valid: inode of /proc/self/ns/pid; 0: unknown
  ImageLock lock;
  uint32_t reserved32;
  uint64_t reserved;
  uint64_t checksum;  // XXH3-64 of all bytes before this one
};
static_assert(sizeof(ProfileHeader) == 128);

}  // namespace cistern
