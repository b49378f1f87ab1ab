#include "analyzer/results/temporary_result.h"

#include <algorithm>

#include "analyzer/model/image_run.h"
#include "analyzer/results/temporary_blocks.h"

namespace cistern::analyzer {
namespace {

void add_image(const Image& image, size_t threshold, RowsOfSites& rows, Progress* progress, TemporaryResult& result) {
  ImageRun run(image, progress);
  const Sites& sites = run.model().sites();
  TemporaryBlocks blocks(sites, threshold);
  result.images.push_back(run.finish(blocks));
  const std::vector<uint32_t> row_of = rows.rows(image, sites);
  result.found.resize(result.rows.size());
  for (uint32_t site = 0; site < sites.size(); ++site) {
    if (row_of[site] == RowsOfSites::kNoRow) continue;
    result.rows[row_of[site]].figures.allocated += sites.figures(site).allocated;
    result.selected.allocated += sites.figures(site).allocated;
    if (site >= blocks.found().size()) continue;
    result.found[row_of[site]] += blocks.found()[site];
    result.sum += blocks.found()[site];
  }
}

}  // namespace

std::vector<uint32_t> TemporaryResult::sorted_rows() const {
  std::vector<uint32_t> sorted;
  for (uint32_t row = 0; row < found.size(); ++row) {
    if (found[row].blocks != 0) sorted.push_back(row);
  }
  std::stable_sort(sorted.begin(), sorted.end(), [&](uint32_t a, uint32_t b) {
    return found[a].blocks != found[b].blocks ? found[a].blocks > found[b].blocks : found[a].bytes > found[b].bytes;
  });
  return sorted;
}

TemporaryResult analyze(const TemporaryQuery& query, const Recordings& recordings, Progress* progress) {
  require_events(recordings);
  TemporaryResult result;
  result.tree = CallTree({.internals = query.report.selection.internals});
  RowsOfSites rows(query.report.selection, result);
  for (const Profile& profile : recordings.profiles) {
    for (const Image& image : profile.images) add_image(image, query.threshold, rows, progress, result);
  }
  return result;
}

}  // namespace cistern::analyzer
