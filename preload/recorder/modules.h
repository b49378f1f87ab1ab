// The module map: which ELF modules are loaded where, and from when to when. Any thread, inside the recorder. Own
// memory only.
#pragma once

#include <cstdint>

#include "preload/ring/record_stream.h"

namespace cistern::preload {

// Writes which modules were loaded and unloaded since the last call. Takes the loader's lock.
void update_modules(RecordStream& records) noexcept;

// Writes the modules that are known, without asking the loader: in a forked child, and when an epoch begins. A thread
// that does not exist in the child may have held the loader's lock, which fork() does not free (seen with glibc 2.36,
// elf/dl-iteratephdr.c).
void write_known_modules(RecordStream& records) noexcept;

// Finds the module that the code at `instruction` belongs to: its id, and its base, from which its addresses count.
// Updates the map where it may be out of date. `forked`: in a forked child, which asks the loader only after it has
// used it. Returns false when there is no such module, and while another thread updates the map.
bool find_module(uintptr_t instruction, bool forked, RecordStream& records, uint32_t& id, uintptr_t& base) noexcept;

// In a forked child.
void abandon_modules() noexcept;

// Whether dlopen or dlclose was called since the last update_modules().
bool modules_changed() noexcept;
void note_loader_call() noexcept;
void forget_loader_calls() noexcept;

}  // namespace cistern::preload

extern "C" {
// Set to 1 by the hook of dlopen (hooks/loader.cpp) and by note_loader_call().
extern unsigned char cistern_loader_called;
}
