/* The C API of Cistern: how a program talks to the recorder that is preloaded into it.
 *
 * A program includes this header and links nothing. It runs with or without the recorder: the functions are weak
 * symbols, and the macros below test them. Without the recorder each call does nothing and returns 0.
 *
 * Guarantees of every function:
 *   - It may be called from any thread, and from a signal handler, unless the handler interrupted the recorder itself.
 *   - It does not allocate from the program's heap.
 *   - It preserves errno.
 *
 * Valid C99 and C++11. Without GCC or Clang the functions are not weak, and the program must link the recorder.
 */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define CISTERN_WEAK __attribute__((weak))
#else
#define CISTERN_WEAK
#endif

/* Sets a mark: names this moment in the profile. Reports can measure growth from mark to mark.
 * `name`: UTF-8, ends with a zero byte; at most 255 bytes are kept. NULL means an empty name. */
CISTERN_WEAK void cistern_mark(const char* name);

/* Starts recording, or starts it again after cistern_stop().
 * No effect while recording, or after recording has ended because the disk or the profile was full. */
CISTERN_WEAK void cistern_start(void);

/* Stops recording. Allocations and frees are not recorded until cistern_start(). What was recorded is kept. */
CISTERN_WEAK void cistern_stop(void);

/* Writes all definitions and the calling thread's events to the profile file.
 * Returns 0, or an errno value: ENODEV if the process is not recorded, EBUSY if the call interrupted the recorder, else
 * the reason why the file could not be written. */
CISTERN_WEAK int cistern_flush(void);

/* Returns 1 while this process is being recorded, else 0. */
CISTERN_WEAK int cistern_enabled(void);

#if defined(__GNUC__) && !defined(CISTERN_IMPLEMENTATION)
#define cistern_mark(name) (cistern_mark ? cistern_mark(name) : (void)0)
#define cistern_start() (cistern_start ? cistern_start() : (void)0)
#define cistern_stop() (cistern_stop ? cistern_stop() : (void)0)
#define cistern_flush() (cistern_flush ? cistern_flush() : 0)
#define cistern_enabled() (cistern_enabled ? cistern_enabled() : 0)
#endif

#ifdef __cplusplus
}
#endif
