// The environment of the programs that this process starts. With follow=none they get nothing of Cistern's. Otherwise
// they get LD_PRELOAD and the options unchanged, and CISTERN_SESSION, which names the image that started them. A
// program may pass `environ`, or an environment of its own, which may be a copy that a parent process made: such an
// environment is corrected in a copy. Nothing allocates; the caller provides the memory, so it works in a child of
// vfork(), too.
#pragma once

#include <cstddef>

#include "cistern/format/profile_header.h"
#include "preload/base/text.h"

namespace cistern::preload {

// Puts CISTERN_SESSION into `environ`: this process is recorded as `image`. May be called again. Another thread may
// read `environ` meanwhile: the array is replaced, its entries are never moved.
void export_session(const ImageIdentity& image, uint32_t generation, const PathText& first_profile) noexcept;

// Removes Cistern's variables from `environ`: its entry in LD_PRELOAD, CISTERN_OPTIONS, CISTERN_RUN and
// CISTERN_SESSION.
void withdraw_from_environment() noexcept;

// Whether a program with this environment loads the recorder.
bool preloads_recorder(char* const* environment) noexcept;

// Returns the bytes that child_environment() needs to correct `environment`; 0 when it is correct, or is `environ`.
size_t child_environment_bytes(char* const* environment) noexcept;
// Returns a corrected copy in `memory`. Requires child_environment_bytes() of memory, aligned for pointers.
char* const* child_environment(char* const* environment, void* memory) noexcept;

}  // namespace cistern::preload
