#include "analyzer/render/text/temporary_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "analyzer/model/image_run.h"
#include "analyzer/render/json/report_json.h"
#include "analyzer/render/layout/progress_bar.h"
#include "analyzer/render/layout/terminal.h"
#include "analyzer/render/layout/units.h"
#include "analyzer/render/layout/warnings.h"
#include "analyzer/render/text/stack_groups.h"
#include "analyzer/results/allocations_by_stack.h"
#include "analyzer/results/temporary_blocks.h"

namespace cistern::analyzer {
namespace {

struct Temporaries {
  AllocationsByStack by_stack;
  std::vector<Amount> found;  // by row of the by_stack
  Amount sum;

  std::vector<uint32_t> sorted() const;
};

void add(Amount& to, const Amount& amount) {
  to.bytes += amount.bytes;
  to.blocks += amount.blocks;
}

void examine(const Image& image, size_t threshold, RowsOfSites& rows, Progress& progress, Temporaries& temporaries) {
  ImageRun run(image, &progress);
  const Sites& sites = run.model().sites();
  TemporaryBlocks blocks(sites, threshold);
  temporaries.by_stack.images.push_back(run.finish(blocks));
  const std::vector<uint32_t> row_of = rows.rows(image, sites);
  temporaries.found.resize(temporaries.by_stack.rows.size());
  for (uint32_t site = 0; site < sites.size(); ++site) {
    if (row_of[site] == RowsOfSites::kNoRow) continue;
    add(temporaries.by_stack.rows[row_of[site]].figures.allocated, sites.figures(site).allocated);
    add(temporaries.by_stack.selected.allocated, sites.figures(site).allocated);
    if (site >= blocks.found().size()) continue;
    add(temporaries.found[row_of[site]], blocks.found()[site]);
    add(temporaries.sum, blocks.found()[site]);
  }
}

void gather(const Recordings& recordings, const TemporaryOptions& options, Temporaries& temporaries) {
  ProgressBar progress;
  RowsOfSites rows(options.report.query.selection, temporaries.by_stack);
  for (const Profile& profile : recordings.profiles) {
    for (const Image& image : profile.images) examine(image, options.threshold, rows, progress, temporaries);
  }
}

// Rows with temporary blocks: most blocks first, for each costs time whatever its size; then most bytes.
std::vector<uint32_t> Temporaries::sorted() const {
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < found.size(); ++row) {
    if (found[row].blocks != 0) rows.push_back(row);
  }
  std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) {
    return found[a].blocks != found[b].blocks ? found[a].blocks > found[b].blocks : found[a].bytes > found[b].bytes;
  });
  return rows;
}

std::string as_json(const Temporaries& temporaries, const TemporaryOptions& options) {
  Json groups = Json::array();
  for (const uint32_t index : temporaries.sorted()) {
    if (groups.size() >= options.report.output.top_or(0)) break;
    const StackRow& row = temporaries.by_stack.rows[index];
    groups.push_back({
        {"bytes", temporaries.found[index].bytes},
        {"blocks", temporaries.found[index].blocks},
        {"allocated_bytes", row.figures.allocated.bytes},
        {"allocated_blocks", row.figures.allocated.blocks},
        {"domain", name_of(row.domain)},
        {"stack", stack_json(temporaries.by_stack.tree, row.stack, options.report.output.depth_or(0))},
    });
  }
  return json_text({
      {"schema", "cistern.temporary/1"},
      {"complete", all_complete(temporaries.by_stack.images)},
      {"threshold", options.threshold},
      {"images", images_json(temporaries.by_stack.images)},
      {"bytes", temporaries.sum.bytes},
      {"blocks", temporaries.sum.blocks},
      {"allocated_blocks", temporaries.by_stack.selected.allocated.blocks},
      {"groups", std::move(groups)},
  });
}

std::string answer(const Temporaries& temporaries, size_t threshold) {
  const std::string before =
      threshold == 1 ? "its next allocation" : fmt::format("its next {} allocations", format_count(threshold));
  const uint64_t all = temporaries.by_stack.selected.allocated.blocks;
  return fmt::format("{}, {} of all that were allocated, were freed before the thread made {}",
                     plural(temporaries.sum.blocks, "block"), format_share(temporaries.sum.blocks, all), before);
}

std::string as_text(const Temporaries& temporaries, const TemporaryOptions& options) {
  StackGroups groups(temporaries.by_stack.tree, options.report, temporaries.by_stack.images);
  for (const uint32_t index : temporaries.sorted()) {
    const StackRow& row = temporaries.by_stack.rows[index];
    const Amount& found = temporaries.found[index];
    groups.add({row.stack, fmt::format("{}  {} in all", plural(found.blocks, "block"), format_bytes(found.bytes)),
                fmt::format("{}, {} of what it allocated", name_of(row.domain),
                            format_share(found.blocks, row.figures.allocated.blocks)),
                found});
  }
  return groups.text(answer(temporaries, options.threshold));
}

}  // namespace

ExitCode report_temporary(const TemporaryOptions& options) {
  const Recordings recordings = open_profiles(options.report.query.paths);
  require_events(recordings);
  Temporaries temporaries;
  temporaries.by_stack.tree = CallTree({.internals = options.report.query.selection.internals});
  gather(recordings, options, temporaries);
  print_warnings(damage_warnings(temporaries.by_stack.images));
  print_warnings(module_warnings(temporaries.by_stack.tree));
  write_out(options.report.output.json ? as_json(temporaries, options) : as_text(temporaries, options));
  return recordings.exit_code();
}

}  // namespace cistern::analyzer
