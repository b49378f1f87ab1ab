#include "analyzer/launch/drain.h"

#include <fcntl.h>
#include <signal.h>

#include <charconv>
#include <chrono>
#include <filesystem>
#include <set>
#include <thread>

#include "analyzer/live/coarse_clock_ticker.h"
#include "analyzer/live/image_tree.h"
#include "analyzer/live/packing_thread.h"
#include "analyzer/read/failure.h"
#include "analyzer/read/file_bytes.h"
#include "analyzer/read/header_page.h"
#include "analyzer/read/image_liveness.h"
#include "analyzer/write/descriptor.h"
#include "analyzer/write/packer_lock.h"

namespace cistern::analyzer {
namespace {

constexpr std::chrono::milliseconds kPause{100};

// The images that have not ended, each asked until it has.
class RunningImages {
 public:
  explicit RunningImages(const ImageTree& images) : images_(images) {}

  bool any() {
    bool found = false;
    for (const ListedImage& image : images_.read()) {
      if (ended_.contains(image.profile)) continue;
      if (runs(image)) {
        found = true;
      } else {
        ended_.insert(image.profile);
      }
    }
    return found;
  }

 private:
  static bool runs(const ListedImage& image) {
    try {
      const Descriptor profile(image.profile, O_RDONLY | O_NONBLOCK);
      return liveness_of(image.profile, profile.value_at<ProfileHeader>(0), profile.number()) != Liveness::kEnded;
    } catch (const Failure&) {
      return false;
    }
  }

  const ImageTree& images_;
  std::set<std::string> ended_;
};

// Another cistern may pack it already. Checked at the start, to say so at once.
void check_profile(const std::string& profile) {
  const FileBytes bytes(profile);
  if (read_header(bytes.bytes(), FileRole::kProfile, profile).damaged) {
    throw unreadable(profile, "the profile is damaged");
  }
  const PackerLock lock(profile);
}

bool lives(const std::optional<WatchedProcess>& process) {
  return process && process_lives(process->pid, process->start_ticks);
}

}  // namespace

std::optional<WatchedProcess> parse_process(const std::string& text) {
  WatchedProcess process;
  const char* const end = text.data() + text.size();
  const auto pid = std::from_chars(text.data(), end, process.pid);
  if (pid.ec != std::errc() || pid.ptr == end || *pid.ptr != ':') return std::nullopt;
  const auto start = std::from_chars(pid.ptr + 1, end, process.start_ticks);
  if (start.ec != std::errc() || start.ptr != end) return std::nullopt;
  return process;
}

std::string text_of(const WatchedProcess& process) {
  return std::to_string(process.pid) + ":" + std::to_string(process.start_ticks);
}

CollectedRun drain(const DrainRequest& request) {
  if (!request.process) check_profile(request.profile);
  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes then is an error of write()
  const ImageTree images(request.profile);
  RunningImages running(images);
  {
    const CoarseClockTicker ticker(images);
    PackingThread packing(images, request.ring);
    while (lives(request.process) || running.any()) std::this_thread::sleep_for(kPause);
    packing.stop();
  }
  CollectedRun collected = collect(images.read(), ChildEnd{}, request.ring);
  if (request.symbols) add_symbols(collected);
  std::error_code ignored;
  std::filesystem::remove(request.profile + ".d", ignored);  // only when it is empty
  return collected;
}

}  // namespace cistern::analyzer
