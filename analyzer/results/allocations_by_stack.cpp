#include "analyzer/results/allocations_by_stack.h"

#include <algorithm>

#include "analyzer/model/image_run.h"
#include "analyzer/symbols/stack_resolver.h"

namespace cistern::analyzer {
namespace {

std::vector<Amount> live_of(const Sites& sites) {
  std::vector<Amount> live;
  for (uint32_t site = 0; site < sites.size(); ++site) live.push_back(sites.figures(site).live);
  return live;
}

class Bookkeeper {
 public:
  Bookkeeper(const ReportQuery& query, AllocationsByStack& by_stack, Progress* progress)
      : query_(query), by_stack_(by_stack), rows_(query.selection, by_stack), progress_(progress) {}

  void enter(const Profile& profile) {
    const bool peak = query_.at.kind == MomentKind::kPeak;  // each run knows it at its end, without another replay
    const MomentInProfile moment(query_.at, profile);
    for (const Image& image : profile.images) {
      peak ? enter_peak(image) : enter(image, moment.in(image, progress_));
    }
  }

 private:
  void enter_peak(const Image& image) {
    ImageRun run(image, progress_);
    by_stack_.images.push_back(run.finish());
    run.model().settle_peak();
    const Sites& sites = run.model().sites();
    std::vector<Amount> live;
    for (uint32_t site = 0; site < sites.size(); ++site) live.push_back(sites.figures(site).at_peak);
    post(image, sites, live);
  }

  void enter(const Image& image, std::optional<uint64_t> stop) {
    ImageRun run(image, progress_);
    std::vector<Amount> live;
    if (stop) {
      run.to(*stop);
      live = live_of(run.model().sites());
    }
    by_stack_.images.push_back(run.finish());
    run.model().settle_peak();
    post(image, run.model().sites(), live);
  }

  void post(const Image& image, const Sites& sites, const std::vector<Amount>& live) {
    const std::vector<uint32_t> rows = rows_.rows(image, sites);
    for (uint32_t site = 0; site < sites.size(); ++site) {
      const SiteFigures& figures = sites.figures(site);
      const StackFigures sum{site < live.size() ? live[site] : Amount{}, figures.at_peak, figures.allocated};
      const bool selected = rows[site] != RowsOfSites::kNoRow;
      (selected ? by_stack_.selected : by_stack_.left_out).add(sum);
      if (selected) by_stack_.rows[rows[site]].figures.add(sum);
    }
  }

  const ReportQuery& query_;
  AllocationsByStack& by_stack_;
  RowsOfSites rows_;
  Progress* progress_;
};

}  // namespace

void StackFigures::add(const StackFigures& other) noexcept {
  live += other.live;
  at_peak += other.at_peak;
  allocated += other.allocated;
}

std::vector<const StackRow*> AllocationsByStack::sorted(Measure measure) const {
  std::vector<const StackRow*> found;
  for (const StackRow& row : rows) {
    if (row.figures.of(measure).blocks != 0) found.push_back(&row);
  }
  std::stable_sort(found.begin(), found.end(), [&](const StackRow* a, const StackRow* b) {
    const Amount& left = a->figures.of(measure);
    const Amount& right = b->figures.of(measure);
    return left.bytes != right.bytes ? left.bytes > right.bytes : left.blocks > right.blocks;
  });
  return found;
}

uint32_t RowsOfSites::row_of(NodeId stack, Domain domain) {
  const uint64_t key = uint64_t{raw(stack)} << 8 | static_cast<uint64_t>(domain);
  const auto [at, added] = index_.insert({key, static_cast<uint32_t>(by_stack_.rows.size())});
  if (added) by_stack_.rows.push_back({stack, domain, {}});
  return at->second;
}

std::vector<uint32_t> RowsOfSites::rows(const Image& image, const Sites& sites) {
  StackResolver resolver(image, by_stack_.tree);
  std::vector<uint32_t> rows(sites.size(), kNoRow);
  for (uint32_t index = 0; index < sites.size(); ++index) {
    const Site& site = sites.site(index);
    if ((selection_.domains & bit_of(site.domain)) == 0) continue;
    if (!selects_thread(selection_, image.definitions.threads.find(site.stream_id))) continue;
    const NodeId node = resolver.node_of(site.stack);
    if (stacks_.selects(node)) rows[index] = row_of(node, site.domain);
  }
  return rows;
}

AllocationsByStack allocations_by_stack(const Recordings& recordings, const ReportQuery& query, Progress* progress) {
  AllocationsByStack by_stack;
  by_stack.tree = CallTree({.internals = query.selection.internals});
  Bookkeeper bookkeeper(query, by_stack, progress);
  for (const Profile& profile : recordings.profiles) bookkeeper.enter(profile);
  return by_stack;
}

}  // namespace cistern::analyzer
