// The module map: which ELF modules are loaded where, and from when to when. Any thread, inside the recorder. Own
// memory only.
#pragma once

#include <cstdint>

#include "preload/ring/record_stream.h"

namespace cistern::preload {

// Writes which modules were loaded and unloaded since the last call. Does nothing when that is not known now
// (for_each_module()).
void update_modules(RecordStream& records) noexcept;

// The same, only for those that were unloaded. Returns whether there are any.
bool end_unloaded_modules(RecordStream& records) noexcept;

// Writes the modules that are known: in a forked child, and when an epoch begins.
void write_known_modules(RecordStream& records) noexcept;

// Finds the module that the code at `instruction` belongs to, which runs: its id, and its base, from which its
// addresses count. Writes the module if it is new. Returns false when there is no such module: the code was generated
// at run time.
bool find_module(uintptr_t instruction, RecordStream& records, uint32_t& id, uintptr_t& base) noexcept;

// In a forked child.
void abandon_modules() noexcept;

// Whether dlopen or dlclose was called since the last forget_loader_calls().
bool modules_changed() noexcept;
void note_loader_call() noexcept;
void forget_loader_calls() noexcept;

}  // namespace cistern::preload

extern "C" {
// Set to 1 by the hook of dlopen (hooks/loader.cpp) and by note_loader_call().
extern unsigned char cistern_loader_called;
}
