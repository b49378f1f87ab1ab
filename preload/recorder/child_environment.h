// The environment of the programs that this process starts. With follow=none they get nothing of Cistern's. Otherwise
// they get LD_PRELOAD and the options unchanged, and CISTERN_SESSION, which names the image that started them. What the
// program passes may be an environment of its own, or a copy that a parent process made: it is corrected in a copy.
//
// The arrays and strings of the program are never written: it may free or move them, as bash does. Only at the start of
// the process, before the program runs, `environ` is set to a copy whose CISTERN_SESSION is a string of the library,
// which follows the image: system() and popen() pass `environ` where no hook sees it. Nothing allocates; the caller
// provides the memory, so it works in a child of vfork(), too.
#pragma once

#include <cstddef>
#include <string_view>

#include "cistern/format/profile_header.h"
#include "preload/base/text.h"

namespace cistern::preload {

// Copies what the process was given, and puts CISTERN_SESSION into `environ`, with its present value or none. Once, at
// the start of the process.
void begin_environment() noexcept;
// The value of CISTERN_SESSION at the start, until export_session(); empty when there was none.
std::string_view inherited_session() noexcept;
// The value of CISTERN_RUN at the start; nullptr when there was none.
const char* run_file() noexcept;

// This process is recorded as `image`: programs that it starts find that in CISTERN_SESSION. May be called again.
void export_session(const ImageIdentity& image, uint32_t generation, const PathText& first_profile) noexcept;

// Removes Cistern's variables from `environ`: its entry in LD_PRELOAD, CISTERN_OPTIONS, CISTERN_RUN and
// CISTERN_SESSION. Unless it is called at the start, only environments that are passed to hooked functions are changed.
void withdraw_from_environment(bool at_start) noexcept;

// Whether a program with this environment loads the recorder.
bool preloads_recorder(char* const* environment) noexcept;

// Returns the bytes that child_environment() needs to correct `environment`; 0 when it is correct.
size_t child_environment_bytes(char* const* environment) noexcept;
// Returns a corrected copy in `memory`. Requires child_environment_bytes() of memory, aligned for pointers.
char* const* child_environment(char* const* environment, void* memory) noexcept;

}  // namespace cistern::preload
