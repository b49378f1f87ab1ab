#include "analyzer/leaks/leak_search.h"

#include <algorithm>

#include "analyzer/leaks/survivors.h"
#include "analyzer/model/image_run.h"

namespace cistern::analyzer {
namespace {

// The image's heap at the moment, with what its windows say of growth.
class Examination {
 public:
  Examination(const Profile& profile, const LeakQuestion& question, Progress* progress)
      : profile_(profile), progress_(progress), moment_(question.at, profile) {
    if (question.warm_up) warm_up_.emplace(*question.warm_up, profile);
  }

  ImageFacts examine(const Image& image, CallTree& tree, Survivors& survivors) {
    const std::optional<uint64_t> stop = moment_.in(image, progress_);
    ImageRun run(image, progress_);
    if (stop) {
      StackResolver stacks(image.definitions, tree);
      GrowthWindows windows(image, run.model().sites(), stacks, tree, warm_up_end(image));
      run.to(*stop, windows);
      survivors.add(image, run.model(), stacks, windows, start_in_tree_ns(profile_, image));
    }
    return run.finish();
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
  std::optional<MomentInProfile> warm_up_;
};

void add(Amount& sum, const Amount& amount) {
  sum.bytes += amount.bytes;
  sum.blocks += amount.blocks;
}

}  // namespace

LeakFindings find_leaks(const std::vector<Profile>& profiles, const LeakQuestion& question, Progress* progress) {
  LeakFindings findings;
  Survivors survivors(question.selection, findings.tree);
  for (const Profile& profile : profiles) {
    Examination examination(profile, question, progress);
    for (const Image& image : profile.images) {
      findings.images.push_back(examination.examine(image, findings.tree, survivors));
    }
  }
  findings.groups = survivors.take();
  findings.left_out = survivors.left_out();
  std::stable_partition(findings.groups.begin(), findings.groups.end(),
                        [](const LeakGroup& group) { return group.is_leak(); });
  for (const LeakGroup& group : findings.groups) {
    add(findings.live, group.amount);
    if (group.is_leak()) add(findings.leaked, group.amount);
  }
  return findings;
}

}  // namespace cistern::analyzer
