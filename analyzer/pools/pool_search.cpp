#include "analyzer/pools/pool_search.h"

#include "analyzer/model/image_origin.h"
#include "analyzer/model/image_run.h"
#include "analyzer/pools/pool_watch.h"

namespace cistern::analyzer {
namespace {

// Why the pools of an image cannot be rebuilt; kPresent when they can, even if the image has no arena.
NoPools why_unknown(const Image& image) {
  const auto& interpreters = image.process_events.interpreters;
  if (interpreters.empty()) return NoPools::kNoInterpreter;
  const InterpreterRecord& interpreter = interpreters.back();
  if (interpreter.implementation != "CPython") return NoPools::kNotCPython;
  if (interpreter.free_threaded) return NoPools::kFreeThreaded;
  if (interpreter.allocator == "malloc") return NoPools::kMallocSelected;
  if (interpreter.allocator == "mimalloc") return NoPools::kMimallocSelected;
  const DomainMask needed = bit_of(Domain::kMem) | bit_of(Domain::kObj);
  return (image.header.domains & needed) == needed ? NoPools::kPresent : NoPools::kNotRecorded;
}

NoPools why_empty(const Image& image) {
  return origin_of(image) == ImageOrigin::kForked ? NoPools::kNoOwnArena : NoPools::kNoArena;
}

class PoolSearch {
 public:
  PoolSearch(const PoolQuestion& question, Progress* progress, PoolFindings& findings)
      : question_(question),
        progress_(progress),
        findings_(findings),
        pins_(findings.tree, question.pins_by),
        holders_(findings.tree, question.holders_by.value_or(GroupBy::kLine)) {}

  void enter(const Profile& profile) {
    const MomentInProfile moment(question_.at, profile);
    for (const Image& image : profile.images) {
      ImagePools& out = findings_.image_pools.emplace_back();
      out.forked = origin_of(image) == ImageOrigin::kForked;
      out.no_pools = why_unknown(image);
      needs_two_replays() ? enter_twice(profile, image, out) : enter_once(image, moment.in(image, progress_), out);
    }
  }

  void finish() {
    findings_.pinning = pins_.take();
    findings_.holders = holders_.take();
  }

 private:
  // Whether the moment is known only after a complete replay.
  bool needs_two_replays() const {
    return question_.at.kind == MomentKind::kWorst || question_.at.kind == MomentKind::kPeak;
  }

  void enter_once(const Image& image, std::optional<uint64_t> stop, ImagePools& out) {
    ImageRun run(image, progress_);
    PoolWatch watch(image);
    if (stop) {
      run.to(*stop, watch);
      examine(image, run.model(), watch.pools, std::min(*stop, watch.curve.last().time), out);
    } else if (out.no_pools == NoPools::kPresent) {
      out.no_pools = NoPools::kNotRunning;
    }
    out.facts = run.finish(watch);
    set_life_figures(image, watch, out);
  }

  void enter_twice(const Profile& profile, const Image& image, ImagePools& out) {
    uint64_t stop = 0;
    {
      ImageRun run(image, progress_);
      PoolWatch watch(image);
      out.facts = run.finish(watch);
      set_life_figures(image, watch, out);
      const bool worst = question_.at.kind == MomentKind::kWorst;
      stop = worst ? watch.pools.worst_moment() : run.model().totals().peak_time + 1;
    }
    if (out.no_pools == NoPools::kPresent && stop < image.begin_time()) throw no_such_heap(profile, image);
    ImageRun run(image, progress_);
    PoolTable pools = pool_table_of(image);
    run.to(stop, pools);
    examine(image, run.model(), pools, stop, out);
  }

  void examine(const Image& image, const HeapModel& model, const PoolTable& pools, uint64_t time, ImagePools& out) {
    out.at_ns = image.clock.since_start_ns(time);
    for (const MallocInfoRecord& info : image.process_events.malloc_infos) {
      if (info.time <= time || !out.malloc_free_bytes) out.malloc_free_bytes = info.fields[8];
    }
    if (out.no_pools == NoPools::kPresent && pools.arenas() == 0) out.no_pools = why_empty(image);
    if (out.no_pools != NoPools::kPresent) return;
    out.pools = pools;
    pins_.add(image, model, pools, time);
    if (question_.holders_by) holders_.add(image, model, pools);
  }

  static void set_life_figures(const Image& image, const PoolWatch& watch, ImagePools& out) {
    out.worst_ns = image.clock.since_start_ns(watch.pools.worst_moment());
    out.worst_bytes = watch.pools.worst_held_unused_bytes();
    out.peak_arena_bytes = watch.pools.peak_arena_bytes();
    for (const CurvePoint& point : watch.curve.points()) {
      out.curve.push_back({image.clock.since_start_ns(point.time), point.arena_bytes, point.used_bytes});
    }
  }

  const PoolQuestion& question_;
  Progress* progress_;
  PoolFindings& findings_;
  PinSearch pins_;
  PoolHolders holders_;
};

}  // namespace

PoolFindings find_pools(const std::vector<Profile>& profiles, const PoolQuestion& question, Progress* progress) {
  PoolFindings findings;
  findings.tree = CallTree({.internals = question.internals});
  PoolSearch search(question, progress, findings);
  for (const Profile& profile : profiles) search.enter(profile);
  search.finish();
  return findings;
}

}  // namespace cistern::analyzer
