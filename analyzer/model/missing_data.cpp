#include "analyzer/model/missing_data.h"

#include <algorithm>

namespace cistern::analyzer {
namespace {

using Kind = MissingData::Kind;

void add_image(const ImageFacts& facts, std::vector<MissingData>& out) {
  if (!facts.implementation.empty() && !facts.python_stacks) {
    out.push_back({Kind::kPythonStacks, facts.pid, 0, 0, facts.python_stacks_reason});
  }
  if (facts.without_proc) out.push_back({Kind::kProc, facts.pid, 0, 0, {}});
  if (facts.late_install) out.push_back({Kind::kLateInstall, facts.pid, 0, 0, {}});
  if (facts.window_missing) out.push_back({Kind::kWindow, facts.pid, 0, 0, {}});
  if (facts.epoch_begin_ns) {
    const uint64_t begin_ns = *facts.epoch_begin_ns;
    const uint64_t kept_ns = facts.duration_ns > begin_ns ? facts.duration_ns - begin_ns : 0;
    out.push_back({Kind::kOverwritten, facts.pid, kept_ns, begin_ns, {}});
  }
  if (facts.paused) out.push_back({Kind::kPaused, facts.pid, 0, 0, {}});
}

void add_missing_images(const ImageFacts& facts, std::vector<MissingData>& out) {
  for (const MissingImage& image : facts.missing_images) {
    out.push_back({Kind::kImage, facts.pid, 0, image.time, {}, std::nullopt, image});
  }
  if (facts.unnoted_children != 0) out.push_back({Kind::kChildren, facts.pid, facts.unnoted_children, 0, {}});
}

bool is_remark(const MissingData& missing) {
  return missing.kind == Kind::kPythonStacks || missing.kind == Kind::kProc;
}

}  // namespace

std::vector<MissingData> missing_data(const std::vector<ImageFacts>& images) {
  uint64_t events = 0;
  uint64_t segments = 0;
  uint64_t bytes = 0;
  for (const ImageFacts& facts : images) {
    events += facts.lost_events - (facts.stop ? std::min(facts.stop->events, facts.lost_events) : 0);
    segments += facts.lost_segments;
    bytes += facts.unreadable_bytes;
  }
  std::vector<MissingData> out;
  for (const ImageFacts& facts : images) {
    if (facts.stop) out.push_back({Kind::kStopped, facts.pid, 0, facts.stop->after_ns, {}, facts.stop});
  }
  for (const ImageFacts& facts : images) add_missing_images(facts, out);
  if (events != 0) out.push_back({Kind::kLostEvents, 0, events, 0, {}});
  if (segments != 0) out.push_back({Kind::kLostSegments, 0, segments, 0, {}});
  if (bytes != 0) out.push_back({Kind::kUnreadableBytes, 0, bytes, 0, {}});
  for (const ImageFacts& facts : images) add_image(facts, out);
  return out;
}

std::vector<MissingData> incompleteness(const std::vector<ImageFacts>& images) {
  std::vector<MissingData> out = missing_data(images);
  std::erase_if(out, is_remark);
  return out;
}

std::vector<MissingData> remarks(const std::vector<ImageFacts>& images) {
  std::vector<MissingData> out = missing_data(images);
  std::erase_if(out, [](const MissingData& missing) { return !is_remark(missing); });
  return out;
}

}  // namespace cistern::analyzer
