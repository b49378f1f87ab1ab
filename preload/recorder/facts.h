// Facts about the image that are written once or now and then: what ran, in which environment, on which interpreter,
// which modules are loaded, how much memory is used. Any thread, inside the recorder.
#pragma once

#include <cstdint>

#include "preload/recorder/recorder.h"

namespace cistern::preload {

void write_image_facts(RecordStream& records, std::string_view options) noexcept;
void write_interpreter(RecordStream& records, uint64_t time) noexcept;
void write_clock_pair(RecordStream& records) noexcept;
void write_memory(RecordStream& records) noexcept;
void write_malloc_info(RecordStream& records) noexcept;
void write_losses(Recorder& recorder) noexcept;

// At most once in a millisecond: a clock pair and the memory in use. Called when a segment is sealed.
void sample(Recorder& recorder) noexcept;

// Writes which modules came and went since the last call. Takes the loader's lock.
void update_modules(RecordStream& records) noexcept;
// Writes the modules that are known, as they are: in a forked child, or when definitions begin anew. Asks nobody: a
// thread that was not forked may have held the loader's lock, which fork() does not free (seen with glibc 2.36,
// elf/dl-iteratephdr.c).
void write_known_modules(RecordStream& records) noexcept;
// The module that the code at `instruction` belongs to: its id, and what its addresses count from. Looks again at what
// is loaded where that may have changed. Returns false when there is none, and while another thread updates them.
bool find_module(uintptr_t instruction, RecordStream& records, uint32_t& id, uintptr_t& base) noexcept;
// In a forked child.
void abandon_modules() noexcept;
// Whether dlopen or dlclose was called since the last update_modules().
bool modules_changed() noexcept;
void forget_loader_calls() noexcept;

}  // namespace cistern::preload

extern "C" {
// Set to 1 by the stubs of dlopen and dlclose.
extern unsigned char cistern_loader_called;
}
