#include "analyzer/record/heartbeat.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "analyzer/read/failure.h"
#include "analyzer/record/descriptor.h"
#include "analyzer/record/image_paths.h"
#include "analyzer/record/process_life.h"
#include "analyzer/record/run_failure.h"
#include "cistern/window.h"

namespace cistern::analyzer {
namespace {

using std::chrono::milliseconds;

// How old the time of an event may be. While no process makes use of it, longer; still far shorter than what the
// recorder takes for the end of us.
constexpr milliseconds kPause{5};
constexpr milliseconds kIdlePause{40};
constexpr unsigned kBeatsBetweenLooks = 100;  // for processes that have ended
// Of processes at the same time, as many as are drained.
constexpr size_t kMaxImages = 64;
constexpr uint64_t kBeat = kWindowControlOffset + offsetof(WindowControl, beat);

class BeatenImage {
 public:
  explicit BeatenImage(const ListedImage& image) : BeatenImage(image, header_of(image.profile)) {}

  // Returns whether the process has made use of the last beat.
  bool beat() {
    const bool used = window_.value_at<Beat>(kBeat).holder != 0;
    if (++count_ == 0) ++count_;
    const Beat beat{count_, 0};
    window_.write_at(kBeat, &beat, sizeof beat);
    return used;
  }

  // Whether it has folded its window or is no more.
  bool ended() const {
    struct stat status;
    if (fstat(window_.number(), &status) != 0 || status.st_nlink == 0) return true;
    return !process_lives(process_.pid, process_.start_ticks);
  }

 private:
  BeatenImage(const ListedImage& image, const ProfileHeader& profile)
      : window_(window_of(image.profile, profile), O_RDWR | O_NONBLOCK) {
    const auto header = window_.value_at<ProfileHeader>(0);
    process_ = header.image;
    if (header.role == FileRole::kWindow && process_.pid == image.pid && process_.number == image.number) return;
    throw run_failure(window_.path(), "is another process's");
  }
  static ProfileHeader header_of(const std::string& profile) {
    return Descriptor(profile, O_RDONLY | O_NONBLOCK).value_at<ProfileHeader>(0);
  }

  Descriptor window_;
  ImageIdentity process_;
  uint32_t count_ = 0;
};

class Beating {
 public:
  explicit Beating(const ImageList& images) : images_(images) {}

  // Returns whether any process has made use of the last beat.
  bool beat() {
    find_new();
    const bool look = ++beats_ % kBeatsBetweenLooks == 0;
    bool used = false;
    for (auto& image : beaten_) used = beat(image, look) || used;
    std::erase(beaten_, nullptr);
    return used;
  }

 private:
  void find_new() {
    if (images_.size_bytes() == listed_bytes_) return;
    listed_bytes_ = images_.size_bytes();
    const std::vector<ListedImage> listed = images_.read();
    for (; seen_ < listed.size(); ++seen_) {
      if (beaten_.size() >= kMaxImages) continue;
      try {
        beaten_.push_back(std::make_unique<BeatenImage>(listed[seen_]));
      } catch (const Failure&) {  // it has ended, or has no window of its own
      }
    }
  }

  static bool beat(std::unique_ptr<BeatenImage>& image, bool look) {
    try {
      const bool used = image->beat();
      if (look && image->ended()) image.reset();
      return used;
    } catch (const Failure&) {
      image.reset();
      return false;
    }
  }

  const ImageList& images_;
  uint64_t listed_bytes_ = 0;
  size_t seen_ = 0;
  unsigned beats_ = 0;
  std::vector<std::unique_ptr<BeatenImage>> beaten_;
};

}  // namespace

Heartbeat::Heartbeat(const ImageList& images) : thread_([this, &images] { work(images); }) {}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard locked(mutex_);
    stopping_ = true;
  }
  stop_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Heartbeat::work(const ImageList& images) {
  try {
    Beating beating(images);
    milliseconds pause = kPause;
    std::unique_lock locked(mutex_);
    while (!stop_.wait_for(locked, pause, [this] { return stopping_; })) {
      locked.unlock();
      pause = beating.beat() ? kPause : std::min(pause + milliseconds(1), kIdlePause);
      locked.lock();
    }
  } catch (const std::exception&) {  // no memory
  }
}

}  // namespace cistern::analyzer
