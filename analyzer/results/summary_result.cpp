#include "analyzer/results/summary_result.h"

#include <tsl/robin_map.h>

#include <algorithm>

#include "analyzer/model/cut_off.h"
#include "analyzer/model/image_run.h"
#include "analyzer/read/mixed_hash.h"
#include "analyzer/symbols/stack_resolver.h"

namespace cistern::analyzer {
namespace {

// The live figures of all sites, as they are now.
std::vector<Amount> live_of(const Sites& sites) {
  std::vector<Amount> live;
  live.reserve(sites.size());
  for (uint32_t i = 0; i < sites.size(); ++i) live.push_back(sites.figures(i).live);
  return live;
}

class Summarizer {
 public:
  Summarizer(const ReportQuery& query, SummaryResult& summary, Progress* progress)
      : query_(query), summary_(summary), stacks_(query.selection, summary.tree), progress_(progress) {}

  void add_image(const Image& image) {
    ImageRun run(image, progress_);
    ImageFigures& out = summary_.figures.emplace_back();
    bool end_noted = false;
    for (const MarkRecord& mark : image.process_events.marks) {
      if (mark.time < image.begin_time()) {
        add_mark(image, mark, live_then(image, mark));
        continue;
      }
      if (!end_noted && run.end_state().time <= mark.time) end_noted = note_end(run, out);
      run.to(mark.time);
      add_mark(image, mark, run.model().totals().live);
    }
    if (!end_noted) note_end(run, out);
    summary_.images.push_back(run.finish());
    run.model().settle_peak();
    add_figures(image, run.model(), out);
    add_process_events(image, out);
    if (was_cut_off(image)) summary_.last_seconds.push_back(last_seconds(image, summary_.tree, progress_));
  }

  void finish() {
    std::stable_sort(summary_.functions.begin(), summary_.functions.end(),
                     [](const FunctionFigures& a, const FunctionFigures& b) { return a.end.bytes > b.end.bytes; });
  }

 private:
  bool note_end(ImageRun& run, ImageFigures& out) {
    run.to(run.end_state().time);
    end_live_ = live_of(run.model().sites());
    out.arenas_at_end = run.model().arenas().count();
    out.arena_bytes_at_end = run.model().arenas().bytes();
    return true;
  }

  static Amount live_then(const Image& image, const MarkRecord& mark) {
    Amount live;
    image.snapshot->for_each<SnapshotMark>([&](const SnapshotMark& row) {
      if (row.time == mark.time) live = {row.bytes, row.blocks};
    });
    return live;
  }

  void add_mark(const Image& image, const MarkRecord& mark, const Amount& live) {
    summary_.marks.push_back(
        {image.header.image.pid, std::string(mark.name), image.clock.since_start_ns(mark.time), live});
  }

  void add_figures(const Image& image, const HeapModel& model, ImageFigures& out) {
    const HeapTotals& totals = model.totals();
    const DomainSums domains = model.domains();
    for (size_t i = 0; i < kDomainNumbers; ++i) {
      summary_.domains[i].allocated += domains[i].allocated;
      summary_.domains[i].frees += domains[i].frees;
      summary_.domains[i].reallocs += domains[i].reallocs;
    }
    out.unknown_frees = totals.unknown_frees;
    out.implied_frees = totals.implied_frees;
    out.inversions = totals.inversions;
    out.arena_peak_bytes = model.arenas().peak_bytes();
    out.forked = origin_of(image) == ImageOrigin::kForked;
    const size_t first_thread = summary_.threads.size();
    add_threads(image);
    add_sites(image, model.sites(), first_thread);
  }

  void add_threads(const Image& image) {
    image.definitions.threads.for_each([&](StreamId stream_id, const Thread& thread) {
      ThreadFigures figures;
      figures.pid = image.header.image.pid;
      figures.tid = thread.tid;
      figures.name = thread.name;
      figures.main = thread.main;
      figures.birth_ns = image.clock.since_start_ns(thread.time);
      if (thread.end_time != UINT64_MAX) figures.end_ns = image.clock.since_start_ns(thread.end_time);
      thread_index_[raw(stream_id)] = summary_.threads.size();
      summary_.threads.push_back(figures);
    });
  }

  void add_sites(const Image& image, const Sites& sites, size_t first_thread) {
    StackResolver resolver(image, summary_.tree);
    LineGrowth growth(summary_.tree);
    for (uint32_t i = 0; i < sites.size(); ++i) {
      const Site& site = sites.site(i);
      const SiteFigures& figures = sites.figures(i);
      const Amount end = i < end_live_.size() ? end_live_[i] : Amount{};
      DomainFigures& domain = summary_.domains[static_cast<size_t>(site.domain) % kDomainNumbers];
      domain.end += end;
      domain.at_peak += figures.at_peak;
      const auto thread = thread_index_.find(raw(site.stream_id));
      if (thread != thread_index_.end() && thread->second >= first_thread) {
        summary_.threads[thread->second].end += end;
        summary_.threads[thread->second].allocated += figures.allocated;
      }
      const NodeId node = resolver.node_of(site.stack);
      add_function(image, site, node, end, figures);
      growth.add(node, end);
    }
    summary_.growth.push_back(growth.result(image));
    thread_index_.clear();
  }

  void add_function(const Image& image, const Site& site, NodeId node, const Amount& end, const SiteFigures& figures) {
    const Selection& selection = query_.selection;
    if ((selection.domains & bit_of(site.domain)) == 0 || !stacks_.selects(node)) return;
    if (!selects_thread(selection, image.definitions.threads.find(site.stream_id))) return;
    const CallTree& tree = summary_.tree;
    while (node != kRootNode && tree.frame(node).kind != FrameKind::kPython) node = tree.parent(node);
    if (node == kRootNode) return;
    Frame function = tree.frame(node);
    const FrameId line = tree.frame_id(node);
    function.line = 0;
    const FrameId id = summary_.tree.intern(function);
    const auto [at, added] = index_.insert({raw(id), summary_.functions.size()});
    if (added) summary_.functions.emplace_back().frame = line;
    FunctionFigures& out = summary_.functions[at->second];
    out.end += end;
    out.at_peak += figures.at_peak;
    out.allocated += figures.allocated;
    const uint64_t line_bytes = line_bytes_[raw(line)] += end.bytes;
    if (line_bytes > out.line_bytes) {
      out.line_bytes = line_bytes;
      out.frame = line;
    }
  }

  static void add_process_events(const Image& image, ImageFigures& out) {
    const ProcessEvents& process_events = image.process_events;
    for (const MemoryRecord& memory : process_events.memory) {
      out.resident.last_bytes = memory.resident_bytes;
      out.resident.recorder_bytes = memory.own_bytes;
      out.resident.greatest_bytes = std::max(out.resident.greatest_bytes, memory.resident_bytes);
    }
    if (!process_events.malloc_infos.empty()) out.malloc_info = process_events.malloc_infos.back();
    if (!process_events.interpreters.empty()) {
      out.allocator = process_events.interpreters.front().allocator;
      out.debug_layer = process_events.interpreters.front().debug_layer;
    }
    for (const EnvironmentRecord& variable : process_events.environment) {
      out.environment.emplace_back(variable.name, variable.value);
    }
    for (const CollectionRecord& collection : process_events.collections) {
      out.collections += collection.runs;
      out.collected += collection.collected;
      out.uncollectable += collection.uncollectable;
    }
    out.counters = process_events.counters;
  }

  const ReportQuery& query_;
  SummaryResult& summary_;
  StackSelection stacks_;
  Progress* progress_;
  std::vector<Amount> end_live_;
  tsl::robin_map<uint32_t, size_t, MixedHash> index_;  // by frame without its line
  tsl::robin_map<uint32_t, uint64_t, MixedHash> line_bytes_;
  tsl::robin_map<uint32_t, size_t, MixedHash> thread_index_;
};

}  // namespace

SummaryResult analyze(const SummaryQuery& query, const Recordings& recordings, Progress* progress) {
  SummaryResult summary;
  summary.tree = CallTree({.internals = query.report.selection.internals});
  Summarizer summarizer(query.report, summary, progress);
  for (const Profile& profile : recordings.profiles) {
    for (const Image& image : profile.images) summarizer.add_image(image);
  }
  summarizer.finish();
  return summary;
}

}  // namespace cistern::analyzer
