// Facts about the image that are written once or from time to time: the command, its environment, the interpreter, how
// much memory is used. Any thread, inside the recorder.
#pragma once

#include <cstdint>
#include <string_view>

#include "preload/recorder/recorder.h"

namespace cistern::preload {

// The command line, executable, host and libc, and the environment variables that matter. `options` is the text of
// CISTERN_OPTIONS.
void write_image_facts(RecordStream& records, std::string_view options) noexcept;
// Nothing where there is no interpreter.
void write_interpreter(RecordStream& records, uint64_t time) noexcept;
void write_clock_pair(RecordStream& records) noexcept;
void write_memory(RecordStream& records) noexcept;
// What mallinfo2() returns. Nothing where a lock of libc may be held by a thread that does not exist here.
void write_malloc_info(RecordStream& records) noexcept;
// The counters of lost events and their like.
void write_losses(Recorder& recorder) noexcept;

// Writes a clock pair, the memory in use and the losses, at most once in a millisecond. Called when a segment is
// sealed.
void write_sample(Recorder& recorder) noexcept;

}  // namespace cistern::preload
