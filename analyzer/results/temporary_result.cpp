#include "analyzer/results/temporary_result.h"

#include <algorithm>

#include "analyzer/model/image_run.h"
#include "analyzer/results/temporary_blocks.h"

namespace cistern::analyzer {
namespace {

void add(Amount& to, const Amount& amount) {
  to.bytes += amount.bytes;
  to.blocks += amount.blocks;
}

void add_image(const Image& image, RowsOfSites& rows, Progress* progress, TemporaryResult& result) {
  ImageRun run(image, progress);
  const Sites& sites = run.model().sites();
  TemporaryBlocks blocks(sites, result.query.threshold);
  result.by_stack.images.push_back(run.finish(blocks));
  const std::vector<uint32_t> row_of = rows.rows(image, sites);
  result.found.resize(result.by_stack.rows.size());
  for (uint32_t site = 0; site < sites.size(); ++site) {
    if (row_of[site] == RowsOfSites::kNoRow) continue;
    add(result.by_stack.rows[row_of[site]].figures.allocated, sites.figures(site).allocated);
    add(result.by_stack.selected.allocated, sites.figures(site).allocated);
    if (site >= blocks.found().size()) continue;
    add(result.found[row_of[site]], blocks.found()[site]);
    add(result.sum, blocks.found()[site]);
  }
}

}  // namespace

std::vector<uint32_t> TemporaryResult::sorted() const {
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < found.size(); ++row) {
    if (found[row].blocks != 0) rows.push_back(row);
  }
  std::stable_sort(rows.begin(), rows.end(), [&](uint32_t a, uint32_t b) {
    return found[a].blocks != found[b].blocks ? found[a].blocks > found[b].blocks : found[a].bytes > found[b].bytes;
  });
  return rows;
}

TemporaryResult analyze(const Recordings& recordings, const TemporaryQuery& query, Progress* progress) {
  require_events(recordings);
  TemporaryResult result;
  result.query = query;
  result.by_stack.tree = CallTree({.internals = query.selection.internals});
  RowsOfSites rows(query.selection, result.by_stack);
  for (const Profile& profile : recordings.profiles) {
    for (const Image& image : profile.images) add_image(image, rows, progress, result);
  }
  return result;
}

}  // namespace cistern::analyzer
