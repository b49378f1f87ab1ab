#include "analyzer/model/image_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace cistern::analyzer {
namespace {

// Arguments end with a NUL each; a last one that was cut off counts too.
std::vector<std::string> split_arguments(std::string_view bytes) {
  std::vector<std::string> arguments;
  while (!bytes.empty()) {
    const size_t end = std::min(bytes.find('\0'), bytes.size());
    arguments.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  return arguments;
}

std::string ended_by(const EndRecord& end) {
  switch (end.how) {
    case EndKind::kExit:
      return "exit";
    case EndKind::kQuickExit:
      return "_exit";
    case EndKind::kSignal:
      return fmt::format("signal {}", end.code);
    case EndKind::kExec:
      return "exec";
    case EndKind::kUnknown:
    case EndKind::kNone:
      break;
  }
  return "unknown";
}

void take_interpreter(const Image& image, ImageFacts& facts) {
  if (image.process_events.interpreters.empty()) return;
  const InterpreterRecord& first = image.process_events.interpreters.front();
  facts.implementation = first.implementation;
  facts.python = first.version.substr(0, first.version.find(' '));
  facts.python_stacks = first.stacks == PythonStacks::kOn;
  facts.python_stacks_reason = first.reason;
}

void take_damage(const Image& image, ImageFacts& facts) {
  const Damage& damage = image.damage;
  facts.lost_segments = damage.lost_segments + damage.undecodable_segments;
  facts.unreadable_bytes = damage.unreadable_bytes + damage.hole_bytes;
  facts.unreadable_at = damage.unreadable_at;
  facts.unreadable_reason = damage.unreadable_bytes != 0 ? damage.unreadable_reason : "never written";
  facts.window_missing = damage.window_missing;
  facts.file_bytes = image.file_bytes;
}

bool is_stop(const PhaseRecord& record) {
  return record.phase == Phase::kStopped;
}
bool is_late(const InstallRecord& record) {
  return record.late;
}

// The value of an option in the text of CISTERN_OPTIONS; the last one counts. The text was accepted by the recorder.
std::string option_in(std::string_view options, const std::string& name) {
  std::string value;
  const std::string wanted = " " + name + "=";
  const std::string text = " " + std::string(options);
  for (size_t at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1)) {
    const size_t begin = at + wanted.size();
    value = text.substr(begin, text.find(' ', begin) - begin);
  }
  return value;
}

std::optional<RecordingStop> stop_of(const Image& image) {
  const auto& record = image.process_events.stop;
  if (!record) return std::nullopt;
  const auto since_start = [&](uint64_t time) {
    return static_cast<uint64_t>(std::max<int64_t>(image.clock.since_start_ns(time), 0));
  };
  RecordingStop stop;
  stop.after_ns = since_start(record->time);
  stop.reason = record->reason;
  stop.error = record->error;
  if (record->end_time != 0) stop.ended_ns = since_start(record->end_time);
  stop.resident_bytes = record->resident_bytes;
  stop.peak_resident_bytes = record->peak_resident_bytes;
  stop.events = image.process_events.counter(Counter::kStoppedEvents);
  if (image.process_events.image) stop.limit = option_in(image.process_events.image->options, "max-size");
  return stop;
}

bool is_python(std::string_view program) {
  const std::string_view name = program.substr(program.rfind('/') + 1);
  return name.starts_with("python") || name.starts_with("pypy");
}

std::string base_name(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// Options of the interpreter that take their value as the next argument.
bool takes_value(const std::string& option) {
  return option == "-W" || option == "-X" || option == "-Q" || option == "--check-hash-based-pycs";
}

}  // namespace

ImageFacts facts_from_records(const Image& image) {
  const ProcessEvents& process_events = image.process_events;
  ImageFacts facts;
  facts.path = image.path;
  facts.pid = image.header.image.pid;
  if (image.has_parent()) facts.parent_pid = image.header.parent.pid;
  if (process_events.image) {
    facts.arguments = split_arguments(process_events.image->arguments);
    facts.without_proc = facts.arguments.empty() && !process_events.image->executable.empty();
    if (facts.without_proc) facts.arguments.emplace_back(process_events.image->executable);
  }
  take_interpreter(image, facts);
  take_damage(image, facts);
  facts.start_unix_ns = image.header.image.start_unix_ns;
  facts.ended_by = ended_by(process_events.end);
  facts.liveness = image.liveness;
  if (process_events.end.how != EndKind::kSignal && process_events.end.code >= 0)
    facts.exit_code = process_events.end.code;
  facts.lost_events = process_events.counter(Counter::kLostEvents) + process_events.counter(Counter::kStoppedEvents);
  facts.overwritten_segments = process_events.counter(Counter::kOverwritten);
  if (image.overwritten()) {
    facts.epoch_begin_ns = static_cast<uint64_t>(std::max<int64_t>(image.clock.since_start_ns(image.epoch_begin), 0));
  }
  if (image.snapshot != nullptr) facts.snapshot_events = image.snapshot->heap().events;
  facts.late_install = std::any_of(process_events.installs.begin(), process_events.installs.end(), is_late);
  facts.stop = stop_of(image);
  facts.missing_images = image.missing_images;
  for (MissingImage& missing : facts.missing_images) {
    if (missing.time == 0) continue;
    missing.time = static_cast<uint64_t>(std::max<int64_t>(image.clock.since_start_ns(missing.time), 0));
  }
  facts.unnoted_children = process_events.counter(Counter::kUnnotedChildren);
  facts.paused = std::any_of(process_events.phases.begin(), process_events.phases.end(), is_stop);
  facts.end_kind = end_state_of(image).kind;
  return facts;
}

std::string_view name_of(StopReason reason) {
  switch (reason) {
    case StopReason::kSizeLimit:
      return "size limit";
    case StopReason::kFileSizeLimit:
      return "file size limit";
    case StopReason::kNoSpace:
      return "no space";
    case StopReason::kNoPermission:
      return "no permission";
    case StopReason::kDeleted:
      return "deleted";
    case StopReason::kTruncated:
      return "truncated";
    case StopReason::kDescriptor:
      return "descriptor";
    case StopReason::kJump:
      return "jump";
    case StopReason::kNone:
    case StopReason::kOther:
      break;
  }
  return "other";
}

bool all_complete(const std::vector<ImageFacts>& images) {
  return std::all_of(images.begin(), images.end(), [](const ImageFacts& facts) { return facts.complete(); });
}

std::string program_name(const std::vector<std::string>& arguments) {
  if (arguments.empty()) return "(unknown program)";
  if (!is_python(arguments[0])) return base_name(arguments[0]);
  for (size_t i = 1; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    const bool last = i + 1 == arguments.size();
    if (argument == "-m") return last ? argument : "-m " + arguments[i + 1];
    if (argument == "-c" || argument == "-") return base_name(arguments[0]) + " " + argument;
    if (takes_value(argument)) ++i;
    if (!argument.starts_with('-')) return base_name(argument);
  }
  return base_name(arguments[0]);
}

uint64_t last_moment(const Image& image, uint64_t last_event_time) {
  uint64_t last = std::max(last_event_time, image.header.first_time);
  if (!image.process_events.phases.empty()) last = std::max(last, image.process_events.phases.back().time);
  if (!image.process_events.memory.empty()) last = std::max(last, image.process_events.memory.back().time);
  if (!image.process_events.marks.empty()) last = std::max(last, image.process_events.marks.back().time);
  if (image.process_events.stop) {
    last = std::max({last, image.process_events.stop->time, image.process_events.stop->end_time});
  }
  return std::max(last, image.process_events.end.time);
}

}  // namespace cistern::analyzer
