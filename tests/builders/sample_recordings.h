// Recordings with a little of everything, for tests of reports and of damage.
#pragma once

#include "tests/builders/recording.h"

namespace cistern::analyzer {

// A program of two threads that leaks in two lines, with marks, phases, a native frame, a thread boundary and an end.
inline Recording leaky_service() {
  Recording r;
  r.record(ClockPairRecord{kStart, 5'000'000'000, 1'600'000'000'000'000'000});
  r.run_of("python3 service.py --fast");
  r.python("3.11.2 (main, Mar 13 2023) [GCC 12.2.0]");
  r.record(InstallRecord{kStart, false, kAllDomains});
  r.record(ThreadRecord{StreamId{1}, kStart, 4711, true, StreamId{}, StackId{}, "python3"});
  const Place main{"main", "/srv/service.py", 22};
  const StackId profile =
      r.stack({main, {"handle", "/srv/service.py", 31}, {"Session.profile", "/srv/service.py", 18}});
  const StackId fetch = r.stack({main, {"fetchmany", "/srv/db/cursor.py", 112}});
  r.record(ModuleRecord{ModuleId{1}, kStart, 0x7000, 0x7000, 0x1000, "/srv/db/_fast.so", "\x01\x02"});
  const StackId native = r.node(fetch, NodeKind::kNative, 1, 0x1234);
  const StackId boundary = r.node(r.stack({main}), NodeKind::kBoundary, 0, 0);
  const StackId worker = r.node(boundary, NodeKind::kPython, raw(r.code({"work", "/srv/service.py", 40})), -1);
  r.record(ThreadRecord{StreamId{2}, kStart + 1000, 4712, false, StreamId{1}, StackId{1}, "pool-0"});
  r.phase(kStart + 1, Phase::kStarting);
  r.phase(kStart + 100, Phase::kRunning);
  for (uint64_t i = 0; i < 40; ++i) {
    const uint64_t now = kStart + 1'000'000'000 + i * 250'000'000;
    r.alloc(1, now, 0x10000 + i * 256, 190, profile);
    r.alloc(1, now + 10, 0x90000, 5000, fetch, Domain::kMem);
    r.free(1, now + 20, 0x90000, Domain::kMem);
    if (i % 4 == 0) r.alloc(1, now + 30, 0x200000 + i * 64, 62, native, Domain::kMalloc);
    if (i < 5) r.alloc(2, now + 40, 0x300000 + i * 64, 48, worker);
    if (i == 20) r.mark(now + 50, "half");
    if (i == 20) r.seal(1);
  }
  r.map(1, kStart + 11'000'000'000, 0x7f0000000000, 1 << 20, 0, fetch);
  r.phase(kStart + 11'500'000'000, Phase::kExiting);
  r.free(1, kStart + 11'600'000'000, 0x10000);
  r.record(MemoryRecord{kStart + 11'000'000'000, 50'000'000, 20'000'000, 4'000'000, 1'000'000});
  r.end(kStart + 12'400'000'000, EndKind::kExit, 0);
  return r;
}

}  // namespace cistern::analyzer
