#include "analyzer/leaks/leak_search.h"

#include <algorithm>

#include "analyzer/leaks/leak_order.h"
#include "analyzer/leaks/survivors.h"
#include "analyzer/model/image_run.h"

namespace cistern::analyzer {
namespace {

// What the interpreter's last collection freed of the heap at the end state: garbage that had awaited it.
struct LastCollection : HeapObserver {
  LastCollection(const Image& image, Survivors& seen, uint64_t stop) : survivors(seen), alive_before(stop) {
    for (const PhaseRecord& phase : image.process_events.phases) {
      if (phase.phase == Phase::kCollecting) begin = phase.time;
      if (phase.phase == Phase::kCollected) end = phase.time;
    }
  }
  void on_free(uint64_t time, uint64_t, const Block& block) {
    if (time >= begin && time < end && block.birth < alive_before) survivors.collected(block);
  }

  Survivors& survivors;
  uint64_t alive_before;
  uint64_t begin = UINT64_MAX;
  uint64_t end = UINT64_MAX;
};

// The image's heap at the moment, with what its windows say of growth.
class Examination {
 public:
  Examination(const Profile& profile, const LeakQuestion& question, Progress* progress)
      : profile_(profile),
        progress_(progress),
        moment_(question.at, profile),
        at_end_(question.at.kind == MomentKind::kEnd) {
    if (question.warm_up) warm_up_.emplace(*question.warm_up, profile);
  }

  ImageFacts examine(const Image& image, CallTree& tree, Survivors& survivors) {
    const std::optional<uint64_t> stop = moment_.in(image, progress_);
    ImageRun run(image, progress_);
    if (!stop) return run.finish();
    StackResolver stacks(image, tree);
    GrowthWindows windows(image, run.model().sites(), stacks, tree, warm_up_end(image));
    run.to(*stop, windows);
    survivors.add(image, run.model(), stacks, windows, start_in_tree_ns(profile_, image));
    LastCollection garbage(image, survivors, at_end_ ? *stop : 0);
    const ImageFacts facts = run.finish(garbage);
    survivors.judge(at_end_ && garbage.end != UINT64_MAX);
    return facts;
  }

 private:
  // An image that began after the warm-up has none of its own.
  std::optional<uint64_t> warm_up_end(const Image& image) const {
    if (!warm_up_) return std::nullopt;
    return warm_up_->in(image, progress_).value_or(0);
  }

  const Profile& profile_;
  Progress* progress_;
  MomentInProfile moment_;
  bool at_end_;
  std::optional<MomentInProfile> warm_up_;
};

bool is_slight(uint64_t bytes, uint64_t live_bytes) {
  constexpr uint64_t kBytes = 8 * 1024;
  constexpr uint64_t kShare = 1000;
  return bytes < kBytes && bytes * kShare < live_bytes;
}

}  // namespace

LeakFindings find_leaks(std::span<const Profile> profiles, const LeakQuestion& question, Progress* progress) {
  LeakFindings findings;
  findings.tree = CallTree({.internals = question.selection.internals});
  Survivors survivors(question.selection, findings.tree);
  for (const Profile& profile : profiles) {
    Examination examination(profile, question, progress);
    for (const Image& image : profile.images) {
      findings.images.push_back(examination.examine(image, findings.tree, survivors));
    }
  }
  findings.groups = survivors.take();
  findings.left_out = survivors.left_out();
  for (const LeakGroup& group : findings.groups) findings.live += group.amount;
  for (LeakGroup& group : findings.groups) {
    group.slight = is_slight(group.amount.bytes, findings.live.bytes);
    if (group.is_leak()) findings.leaked += group.amount;
  }
  order_leaks(findings.tree, findings.groups);
  return findings;
}

}  // namespace cistern::analyzer
