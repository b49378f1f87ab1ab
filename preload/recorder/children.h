// What becomes of processes that have no image of their own: they execute another program, end, or cannot be recorded.
// A reader compares these records with the profiles that exist, so that no image is missing unnoticed.
//
// A child of fork() or vfork() that has no image cannot write to its parent's files. It leaves a note in shared memory,
// and its parent writes a record of it at the next poll. Adding takes no lock, allocates nothing, and works in a child
// of vfork(), which runs in its parent's memory, and below another root or user.
#pragma once

#include <cstdint>
#include <string_view>

#include "cistern/format/image_records.h"

namespace cistern::preload {

// When an image begins: maps the shared memory for its children. Without memory they are not noted, but counted.
void begin_children() noexcept;
// Writes records of what the children noted. Any thread inside the recorder that holds none of its locks.
void write_children() noexcept;
// Whether there is something to write: one load.
bool children_noted() noexcept;

// The calling process is about to execute `path` with these arguments and this environment; or exec has returned.
void note_exec(const char* path, char* const* arguments, char* const* environment) noexcept;
void note_failed_exec() noexcept;
// posix_spawn() has made the process `pid`.
void note_spawn(uint32_t pid, const char* path, char* const* arguments, char* const* environment) noexcept;

// In a forked child that has no image.
void note_end_without_image() noexcept;
void note_failed_image(int error) noexcept;

// A program without an interpreter has loaded the library and waits for one: leaves a line in the list of programs
// beside the first profile. Otherwise its parent's records would name a process without a profile.
void list_waiting_program() noexcept;
// The list becomes records of this image, if no other image has files beside the first profile.
void take_over_list_of_programs() noexcept;

}  // namespace cistern::preload
