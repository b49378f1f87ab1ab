/* The public C API: what a program may say to the recorder that is preloaded under it.
 *
 * Every call is harmless when the recorder is absent: the symbols are weak, and the macros below test them, so a
 * program may include this header, link nothing, and run with or without the recorder. All calls may be made from any
 * thread and from signal handlers that do not interrupt the recorder; none allocates from the program's heap; errno is
 * preserved.
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

/* Names this moment. `name`: a NUL-terminated UTF-8 string of which at most 255 bytes are kept; NULL is an empty name.
 * Reports measure growth from mark to mark. */
CISTERN_WEAK void cistern_mark(const char* name);
/* Begins (again) to record. No effect while recording, or after recording has stopped for want of disk space. */
CISTERN_WEAK void cistern_start(void);
/* Stops recording; allocations and frees are not seen until cistern_start(). Whatever was recorded stays. */
CISTERN_WEAK void cistern_stop(void);
/* Writes what the calling thread has recorded, and all definitions, to the profile file.
 * Returns 0, or an errno value when nothing could be written. */
CISTERN_WEAK int cistern_flush(void);
/* Returns 1 while this process is recorded, else 0. */
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
