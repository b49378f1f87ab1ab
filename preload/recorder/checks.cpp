// In the checking build only: every captured stack is compared with a full walk, and the thread state below it with
// what the interpreter says.
#ifdef CISTERN_CHECK_STACKS

#include "preload/recorder/checks.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "preload/base/arch.h"
#include "preload/base/text.h"
#include "preload/recorder/events.h"

namespace cistern::preload {
namespace {

std::atomic<uint64_t> g_captures{0};
std::atomic<uint64_t> g_mismatches{0};

}  // namespace

void check_stack(ThreadState& thread, const uint8_t* innermost, StackId stack) noexcept {
  g_captures.fetch_add(1, std::memory_order_relaxed);
  if (PythonStack::full_walk(g_python, g_recorder.interner, innermost, thread.base) != stack) {
    g_mismatches.fetch_add(1, std::memory_order_relaxed);
  }
}

// Requires the GIL.
void check_holder(const uint8_t* tstate) noexcept {
  if (g_python.functions.holder_state() != tstate) g_mismatches.fetch_add(1, std::memory_order_relaxed);
}

void report_checks() noexcept {
  const char* const path = getenv("CISTERN_CHECK_REPORT");
  if (path == nullptr) return;
  Text<128> line;
  line.add("captures ").add(g_captures.load()).add(" mismatches ").add(g_mismatches.load()).add("\n");
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, reinterpret_cast<long>(path), O_WRONLY | O_CREAT | O_APPEND, 0600);
  if (is_error(fd)) return;
  raw_syscall(SYS_write, fd, reinterpret_cast<long>(line.c_str()), static_cast<long>(line.size()));
  raw_syscall(SYS_close, fd);
}

}  // namespace cistern::preload

#endif
