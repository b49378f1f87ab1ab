// The records about one image that define nothing: clocks, marks, phases, samples, its program and its end. Each list
// is in order of time.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "cistern/format/image_records.h"
#include "cistern/format/moment_records.h"
#include "cistern/format/window_layout.h"

namespace cistern::analyzer {

struct ProcessEvents {
  std::vector<ClockPairRecord> clock_pairs;
  std::vector<MarkRecord> marks;
  std::vector<PhaseRecord> phases;
  std::vector<MemoryRecord> memory;
  std::vector<MallocInfoRecord> malloc_infos;
  std::vector<CollectionRecord> collections;
  std::vector<InterpreterRecord> interpreters;  // the last one of each id
  std::vector<InstallRecord> installs;
  std::vector<ChildRecord> children;
  std::vector<ProcessRecord> processes;
  std::vector<EpochRecord> epochs;
  std::vector<EnvironmentRecord> environment;
  std::optional<ImageRecord> image;
  EndRecord end;  // the last one that was not cancelled
  bool end_known = false;
  std::optional<StopRecord> stop;              // recording stopped before the end
  std::array<uint64_t, kCounters> counters{};  // of the last losses record, or of the window

  uint64_t counter(Counter which) const noexcept { return counters[static_cast<size_t>(which)]; }
};

}  // namespace cistern::analyzer
