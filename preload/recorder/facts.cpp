#include "preload/recorder/facts.h"

#include <fcntl.h>
#include <gnu/libc-version.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "preload/arch/arch.h"
#include "preload/base/clock.h"
#include "preload/base/memory.h"
#include "preload/base/proc.h"
#include "preload/base/real.h"
#include "preload/base/thread_context.h"
#include "preload/cpython/interpreter.h"
#include "preload/recorder/children.h"

namespace cistern::preload {
namespace {

bool matters(std::string_view variable) noexcept {
  return variable.starts_with("PYTHON") || variable.starts_with("MALLOC_") || variable.starts_with("GLIBC_TUNABLES=") ||
         variable.starts_with("LD_PRELOAD=") || variable.starts_with("LD_LIBRARY_PATH=") ||
         variable.starts_with("CISTERN_OPTIONS=");
}

// Returns the path of the running program. Without /proc it is the path that was passed to exec.
std::string_view executable_path(char* buffer, size_t size) noexcept {
  const long got = raw_syscall(SYS_readlinkat, AT_FDCWD, reinterpret_cast<long>("/proc/self/exe"),
                               reinterpret_cast<long>(buffer), static_cast<long>(size));
  return is_error(got) ? executed_name() : std::string_view(buffer, static_cast<size_t>(got));
}

void write_environment(RecordStream& records) noexcept {
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view variable(*at);
    const size_t equals = variable.find('=');
    if (!matters(variable) || equals == std::string_view::npos) continue;
    records.write(EnvironmentRecord{variable.substr(0, equals), cut_text(variable.substr(equals + 1))});
  }
}

}  // namespace

void write_image_facts(RecordStream& records, std::string_view options) noexcept {
  struct Texts {
    char executable[4096];
    char directory[4096];
    char arguments[kMaxTextBytes];
    utsname name;
  };
  const ScratchObject<Texts> texts;
  ImageRecord image;
  if (texts) {
    raw_syscall(SYS_uname, reinterpret_cast<long>(&texts->name));
    image.executable = executable_path(texts->executable, sizeof texts->executable);
    image.directory = working_directory(texts->directory, sizeof texts->directory);
    image.host = texts->name.nodename;
    image.arguments = read_file("/proc/self/cmdline", texts->arguments, sizeof texts->arguments);
  }
  image.page_bytes = kPageBytes;
  image.options = cut_text(options);
  image.libc = gnu_get_libc_version();
  records.write(image);
  write_environment(records);
}

void write_interpreter(RecordStream& records, uint64_t time) noexcept {
  if (!g_python.found) return;
  InterpreterRecord record;
  record.id = 1;
  record.time = time;
  record.implementation = g_python.implementation;
  record.version = g_python.version.view();
  record.version_hex = g_python.version_hex;
  record.shared = g_python.shared;
  record.free_threaded = g_python.free_threaded;
  record.stacks = g_python.stacks;
  record.reason = g_python.reason;
  record.module = g_python.module.view();
  record.allocator = "unknown";
  if (hookable(g_python)) {
    const AllocatorFacts facts = g_recorder.hooks->python_allocator();
    record.allocator = facts.allocator;
    record.debug_layer = facts.debug_layer;
    record.arena_bytes = g_python.layout->arena_bytes;
    record.pool_bytes = g_python.layout->pool_bytes;
  }
  records.write(record);
}

void write_clock_pair(RecordStream& records) noexcept {
  // The best of three attempts to read the clocks close together.
  ClockPairRecord best;
  uint64_t best_span = UINT64_MAX;
  for (int i = 0; i < 3; ++i) {
    const uint64_t before = now();
    ClockPairRecord pair;
    pair.monotonic_ns = read_clock(CLOCK_MONOTONIC);
    pair.unix_ns = read_clock(CLOCK_REALTIME);
    const uint64_t span = now() - before;
    pair.time = before + span / 2;
    if (span < best_span) best_span = span, best = pair;
  }
  records.write(best);
}

void write_memory(RecordStream& records) noexcept {
  const MemoryUse use = memory_use();
  if (use.virtual_bytes == 0) return;
  records.write(MemoryRecord{now(), use.virtual_bytes, use.resident_bytes, use.shared_bytes, own_bytes()});
}

void write_malloc_info(RecordStream& records) noexcept {
  if (g_real.mallinfo2 == nullptr || g_recorder.libc_locks_free_in.load(std::memory_order_relaxed) != process_id())
    return;
  const ReentrancyGuard guard;
  const struct mallinfo2 info = g_real.mallinfo2();
  records.write(MallocInfoRecord{now(),
                                 {info.arena, info.ordblks, info.smblks, info.hblks, info.hblkhd, info.usmblks,
                                  info.fsmblks, info.uordblks, info.fordblks, info.keepcost}});
}

void write_losses(Recorder& recorder) noexcept {
  recorder.counter(Counter::kStackTableFull).store(recorder.interner.stack_table_full(), std::memory_order_relaxed);
  recorder.counter(Counter::kRetiredCodes).store(recorder.interner.retired_codes(), std::memory_order_relaxed);
  recorder.counter(Counter::kBootstrapBlocks).store(bootstrap_blocks(), std::memory_order_relaxed);
  recorder.counter(Counter::kOverwritten)
      .store(recorder.segments.output.overwritten_segments(), std::memory_order_relaxed);
  LossesRecord losses;
  losses.time = now();
  losses.count = kCounters;
  for (uint32_t i = 0; i < kCounters; ++i) {
    losses.fields[i] = recorder.counter(static_cast<Counter>(i)).load(std::memory_order_relaxed);
  }
  recorder.records.write(losses);
}

void write_sample(Recorder& recorder) noexcept {
  constexpr uint64_t kBetweenSamplesNs = 1'000'000;
  const uint64_t at = read_clock(CLOCK_MONOTONIC);
  uint64_t last = recorder.last_sample_ns.load(std::memory_order_relaxed);
  if (at - last < kBetweenSamplesNs ||
      !recorder.last_sample_ns.compare_exchange_strong(last, at, std::memory_order_relaxed)) {
    return;
  }
  write_clock_pair(recorder.records);
  write_memory(recorder.records);
  if (children_noted()) write_children();
  write_losses(recorder);
}

}  // namespace cistern::preload
