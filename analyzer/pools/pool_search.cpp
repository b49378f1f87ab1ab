#include "analyzer/pools/pool_search.h"

#include "analyzer/model/image_origin.h"
#include "analyzer/model/image_run.h"
#include "analyzer/pools/pool_watch.h"

namespace cistern::analyzer {
namespace {

// What keeps an image from having pools that could be known, apart from having made none.
std::string why_unknown(const Image& image) {
  const auto& interpreters = image.process_events.interpreters;
  if (interpreters.empty()) return "no Python interpreter was seen in it";
  const InterpreterRecord& interpreter = interpreters.back();
  if (interpreter.implementation != "CPython") return "its interpreter is not CPython, and has no pymalloc";
  if (interpreter.free_threaded) return "a free-threaded Python has mimalloc instead of arenas and pools";
  if (interpreter.allocator == "malloc") {
    return "Python was told to use malloc instead of pymalloc (PYTHONMALLOC), so there are no pools";
  }
  if (interpreter.allocator == "mimalloc") {
    return "Python was told to use mimalloc instead of pymalloc (PYTHONMALLOC), so there are no pools";
  }
  const DomainMask needed = bit_of(Domain::kMem) | bit_of(Domain::kObj);
  if ((image.header.domains & needed) != needed) {
    return "the blocks in pools were not recorded (--domains leaves out mem or obj)";
  }
  return {};
}

std::string why_none(const Image& image) {
  if (origin_of(image) == ImageOrigin::kForked)
    return "it made no arena of its own by then, and those inherited from its parent are not known";
  return "it had no arena then";
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
      ImagePools& out = findings_.images.emplace_back();
      out.forked = origin_of(image) == ImageOrigin::kForked;
      out.absent = why_unknown(image);
      looks_back() ? enter_twice(profile, image, out) : enter_once(image, moment.in(image, progress_), out);
    }
  }

  void finish() {
    findings_.pinning = pins_.take();
    findings_.holders = holders_.take();
  }

 private:
  // Whether the moment is known only at the end of a run.
  bool looks_back() const { return question_.at.kind == MomentKind::kWorst || question_.at.kind == MomentKind::kPeak; }

  void enter_once(const Image& image, std::optional<uint64_t> stop, ImagePools& out) {
    ImageRun run(image, progress_);
    PoolWatch watch(image);
    if (stop) {
      run.to(*stop, watch);
      examine(image, run.model(), watch.pools, std::min(*stop, watch.curve.last().time), out);
    } else if (out.absent.empty()) {
      out.absent = "it was not running then";
    }
    out.facts = run.finish(watch);
    tell_life(image, watch, out);
  }

  void enter_twice(const Profile& profile, const Image& image, ImagePools& out) {
    uint64_t stop = 0;
    {
      ImageRun run(image, progress_);
      PoolWatch watch(image);
      out.facts = run.finish(watch);
      tell_life(image, watch, out);
      const bool worst = question_.at.kind == MomentKind::kWorst;
      stop = worst ? watch.pools.worst_moment() : run.model().totals().peak_time + 1;
    }
    if (out.absent.empty() && stop < image.begin_time()) throw no_such_heap(profile, image);
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
    if (out.absent.empty() && pools.arenas() == 0) out.absent = why_none(image);
    if (!out.absent.empty()) return;
    out.pools = pools;
    pins_.add(image, model, pools, time);
    if (question_.holders_by) holders_.add(image, model, pools);
  }

  static void tell_life(const Image& image, const PoolWatch& watch, ImagePools& out) {
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
