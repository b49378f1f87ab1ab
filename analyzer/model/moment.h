// The moments that a report can show (--at):
//   end       the end state of each image (end_state.h); the default
//   peak      each image's own peak
//   exit      each image's last event
//   worst     when pymalloc held most unused bytes in each image; only for `cistern pools`
//   12.5s     that long after the start of the first image (also ms, m)
//   NAME      the last mark NAME; NAME:2 the second one
// A time or a mark is a moment of the whole process tree: an image that has ended or not yet begun holds nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "analyzer/model/progress.h"
#include "analyzer/read/failure.h"
#include "analyzer/read/profile.h"

namespace cistern::analyzer {

enum class MomentKind : uint8_t { kEnd, kPeak, kExit, kWorst, kTime, kMark };

struct Moment {
  MomentKind kind = MomentKind::kEnd;
  int64_t since_start_ns = 0;  // kTime
  std::string mark;            // kMark
  uint32_t which = 0;          // kMark: 1, 2, …; 0: the last
  std::string text;            // as the user wrote it
};

inline constexpr const char* kWorstIsOfPools = "--at worst: only for `cistern pools`";

// Errors: Failure, exit code 2, when `text` is empty.
Moment parse_moment(const std::string& text);

// Exit code 3: a moment is before begin_time() of `image`, so its heap is unknown. `image` belongs to `profile`.
Failure no_such_heap(const Profile& profile, const Image& image);

// How long after the profile's first image `image` began.
int64_t start_in_tree_ns(const Profile& profile, const Image& image);

// Finds a moment in each image of one profile.
class MomentInProfile {
 public:
  // Both outlive this. Errors: Failure, exit code 2, when there is no such mark, or when a time is after the end.
  MomentInProfile(const Moment& moment, const Profile& profile);

  // The time in `image`, which belongs to the profile: earlier events count. Nothing when the image holds nothing at
  // the moment. For a peak this costs a replay. Errors: Failure, exit code 2, for kWorst; 3, when the profile does not
  // have the heap of that moment.
  std::optional<uint64_t> in(const Image& image, Progress* progress) const;

 private:
  void find_mark();
  void require_recorded() const;
  std::optional<uint64_t> at_tree_time(const Image& image) const;
  std::optional<uint64_t> known(const Image& image, std::optional<uint64_t> time) const;

  const Moment& moment_;
  const Profile& profile_;
  const Image* marked_ = nullptr;
  uint64_t mark_time_ = 0;
  int64_t tree_ns_ = 0;
};

}  // namespace cistern::analyzer
