// `cistern summary`: what ran, how it ended, and the memory it had, by domain, function, thread and mark.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/heap_totals.h"
#include "analyzer/model/image_facts.h"
#include "analyzer/model/progress.h"
#include "analyzer/results/family_growth.h"
#include "analyzer/results/last_seconds.h"
#include "analyzer/results/query.h"
#include "analyzer/results/recordings.h"
#include "analyzer/symbols/call_tree.h"
#include "cistern/format/domain.h"

namespace cistern::analyzer {

struct SummaryQuery {
  ReportQuery report;  // the selection is of functions; the moment is unused
};

struct DomainFigures {
  Amount end;
  Amount at_peak;
  Amount allocated;
  uint64_t frees = 0;
  uint64_t reallocs = 0;
};

struct ThreadFigures {
  uint32_t pid = 0;
  uint32_t tid = 0;
  std::string name;
  bool main = false;
  int64_t birth_ns = 0;  // since the image's start
  std::optional<int64_t> end_ns;
  Amount end;
  Amount allocated;
};

struct MarkFigures {
  uint32_t pid = 0;
  std::string name;
  int64_t time_ns = 0;  // since the image's start
  Amount live;
};

// The innermost Python function of stacks. `frame` has its line that holds most.
struct FunctionFigures {
  FrameId frame{};
  Amount end;
  Amount at_peak;
  Amount allocated;
  uint64_t line_bytes = 0;
};

// Memory of the process as the kernel reports it.
struct ResidentFigures {
  uint64_t last_bytes = 0;
  uint64_t greatest_bytes = 0;
  uint64_t recorder_bytes = 0;  // mapped by the recorder when last sampled, resident or not
};

// What the summary knows of an image beyond its facts.
struct ImageFigures {
  ResidentFigures resident;
  std::optional<MallocInfoRecord> malloc_info;  // as last sampled
  uint64_t arenas_at_end = 0;
  uint64_t arena_bytes_at_end = 0;
  uint64_t arena_peak_bytes = 0;
  std::string allocator;
  bool debug_layer = false;
  std::vector<std::pair<std::string, std::string>> environment;
  std::array<uint64_t, kCounters> counters{};
  uint64_t unknown_frees = 0;
  bool forked = false;  // unknown frees are of inherited blocks
  uint64_t implied_frees = 0;
  uint64_t inversions = 0;
  uint64_t collections = 0;
  uint64_t collected = 0;
  uint64_t uncollectable = 0;
};

struct SummaryResult {
  CallTree tree;
  std::vector<ImageFacts> images;
  std::vector<ImageFigures> figures;      // of the same images, in the same order
  std::vector<ImageGrowth> growth;        // of the same images, in the same order
  std::vector<LastSeconds> last_seconds;  // of those that were cut off
  std::array<DomainFigures, kDomainNumbers> domains{};
  std::vector<FunctionFigures> functions;  // most bytes at the end first
  std::vector<ThreadFigures> threads;
  std::vector<MarkFigures> marks;
};

// Replays every image once, and one that was cut off twice. `progress` may be null. `recordings` outlives the result.
SummaryResult analyze(const SummaryQuery& query, const Recordings& recordings, Progress* progress);

}  // namespace cistern::analyzer
