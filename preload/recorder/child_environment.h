// What the programs that are started from here find in their environment: LD_PRELOAD and our options as they are, and
// CISTERN_SESSION, which says whose child they are; or, with follow=none, nothing of ours. A program may start others
// with `environ`, or with an environment of its own, which may be a copy made by a parent process: such a one is put
// right in a copy. Nothing allocates; the caller gives the room, so a child of vfork can do it too.
#pragma once

#include <cstddef>

#include "cistern/format/profile_header.h"
#include "preload/base/text.h"

namespace cistern::preload {

// Puts CISTERN_SESSION into `environ`: this process is recorded as `image`. The text lives in the recorder's memory.
// May be called again. Another thread may read `environ` meanwhile: the list is replaced, never shifted.
void export_session(const ImageIdentity& image, uint32_t generation, const PathText& first_profile) noexcept;

// Takes what is ours out of `environ`: our entry in LD_PRELOAD, CISTERN_OPTIONS, CISTERN_RUN and CISTERN_SESSION.
void withdraw_from_environment() noexcept;

// The bytes that child_environment() needs to put `environment` right; 0 when it is right, or is `environ`.
size_t child_environment_bytes(char* const* environment) noexcept;
// A copy, put right. Requires `room` of child_environment_bytes(), aligned for pointers.
char* const* child_environment(char* const* environment, void* room) noexcept;

}  // namespace cistern::preload
