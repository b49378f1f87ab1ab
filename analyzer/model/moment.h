// The moments a report can be asked for (--at): the end state, the peak, the very end, a mark, or a time.
//   end       the end state of each image (end_state.h); the default
//   peak      each image's own peak
//   exit      each image's last event
//   worst     each image's moment of most bytes held by pymalloc and unused: only `cistern pools` knows it
//   12.5s     so long after the first image began (also ms, m)
//   NAME      the mark NAME, the last of that name; NAME:2 the second one
// A time and a mark are moments of the whole tree: an image that had ended by then holds nothing, and neither does one
// that had not begun.
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
  uint32_t which = 0;          // kMark: 1, 2, …; 0 is the last
  std::string text;            // as it was asked for
};

inline constexpr const char* kWorstIsOfPools = "--at worst: only `cistern pools` knows this moment";

// Errors: Failure, exit code 2, when `text` is empty.
Moment parse_moment(const std::string& text);

// Exit code 3: the heap of the image (one of the profile's) is not known at a moment before its begin_time().
Failure no_such_heap(const Profile& profile, const Image& image);

// How long after the profile's first image `image` began.
int64_t start_in_tree_ns(const Profile& profile, const Image& image);

// Places a moment in each image of one profile.
class MomentInProfile {
 public:
  // Both outlive this. Errors: Failure, exit code 2, when there is no such mark.
  MomentInProfile(const Moment& moment, const Profile& profile);

  // Events of `image` (one of the profile's) earlier than this count; nothing when it held nothing then. For a peak
  // this costs a replay. Errors: Failure, exit code 2, for kWorst, which is not to be known here; 3, when the heap of
  // that moment is not in the profile.
  std::optional<uint64_t> in(const Image& image, Progress* progress) const;

 private:
  void find_mark();
  std::optional<uint64_t> at_tree_time(const Image& image) const;
  std::optional<uint64_t> known(const Image& image, std::optional<uint64_t> time) const;

  const Moment& moment_;
  const Profile& profile_;
  const Image* marked_ = nullptr;
  uint64_t mark_time_ = 0;
  int64_t tree_ns_ = 0;
};

}  // namespace cistern::analyzer
