// Amounts by stack (function, file and line) and domain, over all images of a report: live at a moment, live at each
// process's own peak, and allocated in all.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <vector>

#include "analyzer/model/heap_model.h"
#include "analyzer/model/image_facts.h"
#include "analyzer/model/progress.h"
#include "analyzer/read/image.h"
#include "analyzer/read/mixed_hash.h"
#include "analyzer/results/query.h"
#include "analyzer/results/recordings.h"
#include "analyzer/symbols/call_tree.h"

namespace cistern::analyzer {

// The figure of a stack that a report shows.
enum class Measure : uint8_t { kLive, kPeak, kTotal };

struct StackFigures {
  Amount live;
  Amount at_peak;
  Amount allocated;

  const Amount& of(Measure measure) const noexcept {
    return measure == Measure::kLive ? live : measure == Measure::kPeak ? at_peak : allocated;
  }
  void add(const StackFigures& other) noexcept;
};

struct StackRow {
  NodeId stack{};
  Domain domain = Domain::kMalloc;
  StackFigures figures;
};

struct AllocationsByStack {
  CallTree tree;
  std::vector<ImageFacts> images;
  std::vector<StackRow> rows;  // in order of appearance; each has an allocation
  StackFigures selected;       // the sum of all rows
  StackFigures left_out;       // excluded by filters

  // Rows where `measure` is not zero: most bytes first, then most blocks.
  std::vector<const StackRow*> sorted(Measure measure) const;
};

// Replays every image once; live amounts are those at query.at. `progress` may be null. `recordings` outlives the
// result.
AllocationsByStack allocations_by_stack(const Recordings& recordings, const ReportQuery& query, Progress* progress);

// Finds the row of each site of an image; kNoRow for sites that are not selected.
class RowsOfSites {
 public:
  static constexpr uint32_t kNoRow = UINT32_MAX;

  // Both outlive this.
  RowsOfSites(const Selection& selection, AllocationsByStack& by_stack)
      : selection_(selection), by_stack_(by_stack), stacks_(selection, by_stack.tree) {}

  std::vector<uint32_t> rows(const Image& image, const Sites& sites);

 private:
  uint32_t row_of(NodeId stack, Domain domain);

  const Selection& selection_;
  AllocationsByStack& by_stack_;
  StackSelection stacks_;
  tsl::robin_map<uint64_t, uint32_t, MixedHash> index_;
};

}  // namespace cistern::analyzer
