#include "analyzer/read/missing_images.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "analyzer/read/python_program.h"
#include "cistern/format/options.h"

namespace cistern::analyzer {
namespace {

using Kind = MissingImage::Kind;

// Clocks of two images agree at least so well.
constexpr int64_t kClockErrorNs = 20'000'000;

// What is known of one process from the records of the image that started it.
struct Started {
  std::optional<uint64_t> forked;     // when
  std::optional<ProcessRecord> exec;  // the last one that did not fail
  std::optional<ProcessRecord> not_recorded;
  bool no_event = false;
};

Follow follow_of(const Image& image) {
  Options options;
  if (image.process_events.image) parse_options(image.process_events.image->options, options);
  return options.follow;
}

class Finder {
 public:
  Finder(std::vector<Image>& images, const std::string& folder) : images_(images) {
    for (const Image& image : images) {
      starts_[image.header.image.pid].push_back(&image);
      for (const ProcessRecord& record : image.process_events.processes) {
        if (record.act == ProcessAct::kWithoutPython) without_python_.insert(record.pid);
      }
    }
    read_list(folder + "/" + std::string(kProgramsFile));
  }

  void find() {
    for (Image& image : images_) {
      find_parent(image);
      const Follow follow = follow_of(image);
      if (follow == Follow::kNone) continue;
      const std::map<uint32_t, Started> started = started_by(image);
      strangers_ = count_strangers(image, started);
      for (const auto& [pid, process] : started) judge(image, follow, pid, process);
    }
    for (const auto& [pid, path] : unrecorded_) {
      if (has_image(pid, INT64_MIN, nullptr)) continue;
      if (has_python(path, "/") == HasPython::kNo) continue;
      images_.front().missing_images.push_back({Kind::kNotPreloaded, pid, 0, path, path, 0});
    }
  }

 private:
  void read_list(const std::string& path) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) take_line(line);
  }

  // "PID START NAME", or "PID START > PATH".
  void take_line(std::string_view line) {
    uint32_t pid = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), pid);
    if (error != std::errc()) return;
    line.remove_prefix(static_cast<size_t>(end - line.data()));
    const size_t second = line.find(' ', 1);
    if (second == std::string_view::npos) return;
    line.remove_prefix(second + 1);
    if (line.starts_with("> ")) {
      unrecorded_[pid] = line.substr(2);
    } else {
      without_python_.insert(pid);
    }
  }

  static std::map<uint32_t, Started> started_by(const Image& image) {
    std::map<uint32_t, Started> started;
    for (const ChildRecord& child : image.process_events.children) started[child.pid].forked = child.time;
    for (const ProcessRecord& record : image.process_events.processes) {
      if (record.act == ProcessAct::kWithoutPython) continue;
      Started& process = started[record.pid];
      switch (record.act) {
        case ProcessAct::kExec:
          process.exec = record;
          break;
        case ProcessAct::kExecFailed:
          process.exec.reset();
          break;
        case ProcessAct::kNoEvent:
          process.no_event = true;
          break;
        case ProcessAct::kNotRecorded:
          process.not_recorded = record;
          break;
        default:
          break;
      }
    }
    return started;
  }

  int64_t unix_ns(const Image& image, uint64_t time) const {
    return image.clock.start_unix_ns() + image.clock.since_start_ns(time);
  }

  // Whether an image of the process began after a moment; `before`: an image of the same process that exec ended.
  bool has_image(uint32_t pid, int64_t since_unix_ns, const Image* before) const {
    const auto found = starts_.find(pid);
    if (found == starts_.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(), [&](const Image* image) {
      if (image == before) return false;
      if (before != nullptr && image->header.image.start_ticks == before->header.image.start_ticks)
        return image->header.image.number > before->header.image.number;
      const auto start = static_cast<int64_t>(image->header.image.start_unix_ns);
      return since_unix_ns == INT64_MIN || start >= since_unix_ns - kClockErrorNs;
    });
  }

  void judge(Image& image, Follow follow, uint32_t pid, const Started& process) {
    const uint32_t own = image.header.image.pid;
    const auto add = [&](Kind kind, uint64_t time, const ProcessRecord& record) {
      image.missing_images.push_back(
          {kind, pid, time, std::string(record.path), std::string(record.command), static_cast<int>(record.error)});
    };
    if (process.not_recorded) {
      if (!has_image(pid, unix_ns(image, process.not_recorded->time), nullptr))
        add(Kind::kNotRecorded, process.not_recorded->time, *process.not_recorded);
      return;
    }
    if (process.exec) {
      // A later end record says that the image went on.
      if (pid == own && image.process_events.end.how != EndKind::kExec) return;
      if (has_image(pid, unix_ns(image, process.exec->time), pid == own ? &image : nullptr)) return;
      const bool listed = process.exec->preloads && without_python_.contains(pid) && !unrecorded_.contains(pid);
      if (follow == Follow::kPython && listed) return;
      if (follow == Follow::kPython &&
          has_python(std::string(process.exec->path), directory_of(image)) == HasPython::kNo)
        return;
      add(process.exec->preloads ? Kind::kExecuted : Kind::kNotPreloaded, process.exec->time, *process.exec);
      return;
    }
    if (!process.forked || process.no_event || pid == own) return;
    if (has_image(pid, unix_ns(image, *process.forked), nullptr)) return;
    if (strangers_ > 0) return static_cast<void>(--strangers_);
    add(Kind::kForked, *process.forked, {});
  }

  // Children of the image that the image knows by another number: they have a pid namespace of their own.
  size_t count_strangers(const Image& image, const std::map<uint32_t, Started>& started) const {
    size_t count = 0;
    for (const Image& one : images_) {
      const ImageIdentity& parent = one.header.parent;
      const bool child = one.is_forked() && parent.pid == image.header.image.pid &&
                         parent.start_ticks == image.header.image.start_ticks &&
                         parent.number == image.header.image.number;
      // A program that began by itself has installed the hooks itself.
      const bool forked = one.process_events.installs.size() <= one.process_events.counter(Counter::kReinstalls);
      if (child && forked && !started.contains(one.header.image.pid)) ++count;
    }
    for (const auto& [pid, process] : started) {
      if (!process.forked && process.no_event) ++count;
    }
    return count;
  }

  static std::string directory_of(const Image& image) {
    return image.process_events.image ? std::string(image.process_events.image->directory) : std::string();
  }

  // An image names the recorded image that started it.
  void find_parent(Image& image) {
    const ImageIdentity& parent = image.header.parent;
    if (!image.has_parent() || &image == &images_.front()) return;
    const bool here = std::any_of(images_.begin(), images_.end(), [&](const Image& one) {
      return one.header.image.pid == parent.pid && one.header.image.start_ticks == parent.start_ticks &&
             one.header.image.number == parent.number;
    });
    if (here || !named_parents_.insert({parent.pid, parent.number}).second) return;
    image.missing_images.push_back({Kind::kParent, parent.pid, 0, {}, {}, 0});
  }

  std::vector<Image>& images_;
  std::map<uint32_t, std::vector<const Image*>> starts_;  // by pid
  std::set<uint32_t> without_python_;
  std::map<uint32_t, std::string> unrecorded_;  // programs that a program without Python executed without the recorder
  std::set<std::pair<uint32_t, uint32_t>> named_parents_;
  size_t strangers_ = 0;  // of the image that is judged
};

}  // namespace

void find_missing_images(std::vector<Image>& images, const std::string& folder) {
  Finder(images, folder).find();
}

}  // namespace cistern::analyzer
