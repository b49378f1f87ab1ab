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
  if (image.chronicle.interpreters.empty()) return;
  const InterpreterRecord& first = image.chronicle.interpreters.front();
  facts.implementation = first.implementation;
  facts.python = first.version.substr(0, first.version.find(' '));
  facts.python_stacks = first.stacks == PythonStacks::kOn;
  facts.python_stacks_reason = first.reason;
}

void take_damage(const Image& image, ImageFacts& facts) {
  const Damage& damage = image.damage;
  facts.lost_segments = damage.lost_segments + damage.undecodable_segments;
  facts.torn_bytes = damage.torn_bytes + damage.hole_bytes;
  facts.torn_at = damage.torn_at;
  facts.torn_reason = damage.torn_bytes != 0 ? damage.torn_reason : "never written";
  facts.window_missing = damage.window_missing;
  facts.file_bytes = image.file_bytes;
}

bool is_stop(const PhaseRecord& record) {
  return record.phase == Phase::kStopped;
}
bool is_late(const InstallRecord& record) {
  return record.late;
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
  const Chronicle& chronicle = image.chronicle;
  ImageFacts facts;
  facts.path = image.path;
  facts.pid = image.header.image.pid;
  if (image.has_parent()) facts.parent_pid = image.header.parent.pid;
  if (chronicle.image) {
    facts.arguments = split_arguments(chronicle.image->arguments);
    facts.without_proc = facts.arguments.empty() && !chronicle.image->executable.empty();
    if (facts.without_proc) facts.arguments.emplace_back(chronicle.image->executable);
  }
  take_interpreter(image, facts);
  take_damage(image, facts);
  facts.start_unix_ns = image.header.image.start_unix_ns;
  facts.ended_by = ended_by(chronicle.end);
  if (chronicle.end.how != EndKind::kSignal && chronicle.end.code >= 0) facts.exit_code = chronicle.end.code;
  facts.lost_events = chronicle.counter(Counter::kLostEvents) + chronicle.counter(Counter::kStoppedEvents);
  facts.overwritten_segments = chronicle.counter(Counter::kOverwritten);
  if (image.overwritten()) {
    facts.horizon_ns = static_cast<uint64_t>(std::max<int64_t>(image.clock.since_start_ns(image.horizon), 0));
  }
  if (image.aggregate != nullptr) facts.folded_events = image.aggregate->heap().events;
  facts.late_install = std::any_of(chronicle.installs.begin(), chronicle.installs.end(), is_late);
  facts.stopped = std::any_of(chronicle.phases.begin(), chronicle.phases.end(), is_stop);
  facts.end_kind = end_state_of(image).kind;
  return facts;
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
  if (!image.chronicle.phases.empty()) last = std::max(last, image.chronicle.phases.back().time);
  if (!image.chronicle.memory.empty()) last = std::max(last, image.chronicle.memory.back().time);
  if (!image.chronicle.marks.empty()) last = std::max(last, image.chronicle.marks.back().time);
  return std::max(last, image.chronicle.end.time);
}

}  // namespace cistern::analyzer
