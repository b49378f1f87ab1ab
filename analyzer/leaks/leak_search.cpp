#include "analyzer/leaks/leak_search.h"

#include <algorithm>

#include "analyzer/leaks/survivors.h"
#include "analyzer/model/image_run.h"

namespace cistern::analyzer {
namespace {

void examine(const Profile& profile, const Moment& at, Progress* progress, Survivors& survivors,
             std::vector<ImageFacts>& images) {
  const MomentInProfile moment(at, profile);
  for (const Image& image : profile.images) {
    const std::optional<uint64_t> stop = moment.in(image, progress);
    ImageRun run(image, progress);
    if (stop) {
      run.to(*stop);
      survivors.add(image, run.model(), start_in_tree_ns(profile, image));
    }
    images.push_back(run.finish());
  }
}

void add(Amount& sum, const Amount& amount) {
  sum.bytes += amount.bytes;
  sum.blocks += amount.blocks;
}

}  // namespace

LeakFindings find_leaks(const std::vector<Profile>& profiles, const Selection& selection, const Moment& at,
                        Progress* progress) {
  LeakFindings findings;
  Survivors survivors(selection, findings.tree);
  for (const Profile& profile : profiles) examine(profile, at, progress, survivors, findings.images);
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
