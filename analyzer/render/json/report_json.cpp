#include "analyzer/render/json/report_json.h"

#include <fmt/format.h>

#include "analyzer/render/layout/columns.h"
#include "analyzer/render/layout/heading.h"
#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

Json text_or_null(std::string_view text) {
  return text.empty() ? Json(nullptr) : Json(text);
}

constexpr size_t kWriteBytes = 1 << 20;

std::string compact(const Json& json) {
  return escaped_json(json.dump(-1, ' ', false, Json::error_handler_t::replace));
}

template <typename T>
Json value_or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json bytes_or_null(uint64_t bytes) {
  return bytes == 0 ? Json(nullptr) : Json(bytes);
}

Json stop_json(const RecordingStop& stop) {
  return {
      {"after_ns", stop.after_ns},
      {"reason", name_of(stop.reason)},
      {"error", stop.error},
      {"limit", text_or_null(stop.limit)},
      {"ended_ns", value_or_null(stop.ended_ns)},
      {"resident_bytes", bytes_or_null(stop.resident_bytes)},
      {"peak_resident_bytes", bytes_or_null(stop.peak_resident_bytes)},
  };
}

// Why a profile is incomplete, in the words of schema cistern.check/1, which do not change with those of the text.
std::string reason_of(const MissingData& missing) {
  using Kind = MissingData::Kind;
  const std::string process = fmt::format("process {}: ", missing.pid);
  switch (missing.kind) {
    case Kind::kLostSegments:
      return plural(missing.number, "segment") + " of events or definitions are missing from the file";
    case Kind::kProc:
      return process + "it had no /proc; its arguments, its resident memory and its threads' names are unknown";
    case Kind::kLateInstall:
      return process + "Python code ran before the hooks were in place; what it allocated is not here";
    case Kind::kWindow:
      return process + "it did not end in order and its window file is gone; its last events are missing";
    case Kind::kOverwritten:
      return process + fmt::format(
                           "its last {} are here, from {} on, what is older was overwritten: blocks from before "
                           "count as not there",
                           format_ns(static_cast<int64_t>(missing.number)),
                           format_ns(static_cast<int64_t>(missing.from_ns)));
    case Kind::kPaused:
      return process + "recording was stopped for a while; frees in that time were not seen";
    default:
      return text_of(missing);
  }
}

// Null: not known.
Json running_json(Liveness liveness) {
  return liveness == Liveness::kUnknown ? Json(nullptr) : Json(liveness == Liveness::kRuns);
}

}  // namespace

Json reasons_json(const std::vector<MissingData>& missing) {
  Json list = Json::array();
  for (const MissingData& one : missing) list.push_back(reason_of(one));
  return list;
}

Json reasons_json(const std::vector<ImageFacts>& images) {
  return reasons_json(incompleteness(images));
}

Json image_json(const ImageFacts& facts) {
  return {
      {"path", facts.path},
      {"pid", facts.pid},
      {"parent", value_or_null(facts.parent_pid)},
      {"argv", facts.arguments},
      {"python", text_or_null(facts.python)},
      {"implementation", text_or_null(facts.implementation)},
      {"python_stacks", facts.python_stacks},
      {"python_stacks_reason", text_or_null(facts.python_stacks_reason)},
      {"start_unix_ns", facts.start_unix_ns},
      {"duration_ns", facts.duration_ns},
      {"ended_by", facts.ended_by},
      {"exit_code", value_or_null(facts.exit_code)},
      {"running", running_json(facts.liveness)},
      {"events", facts.events},
      {"folded_events", facts.snapshot_events},
      {"lost_events", facts.lost_events},
      {"lost_segments", facts.lost_segments},
      {"torn_bytes", facts.unreadable_bytes},
      {"window_missing", facts.window_missing},
      {"late_install", facts.late_install},
      {"overwritten", facts.overwritten_segments},
      {"horizon_ns", value_or_null(facts.epoch_begin_ns)},
      {"stopped", facts.paused || facts.stop},
      {"stop", facts.stop ? stop_json(*facts.stop) : Json(nullptr)},
      {"peak_bytes", facts.peak.bytes},
      {"peak_blocks", facts.peak.blocks},
      {"peak_ns", facts.peak_ns},
      {"end_bytes", facts.end.bytes},
      {"end_blocks", facts.end.blocks},
      {"end_ns", facts.end_ns},
      {"end_state", name_of(facts.end_kind)},
  };
}

Json images_json(const std::vector<ImageFacts>& images) {
  Json list = Json::array();
  for (const ImageFacts& facts : images) list.push_back(image_json(facts));
  return list;
}

Json frame_json(const Frame& frame) {
  const bool boundary = frame.kind == FrameKind::kBoundary;
  const bool native = frame.kind == FrameKind::kNative;
  Json json = {
      {"function", boundary ? Json(nullptr) : text_or_null(frame.function)},
      {"file", text_or_null(frame.file)},
      {"line", frame.line == 0 ? Json(nullptr) : Json(frame.line)},
      {"module", text_or_null(frame.module)},
      {"native", native},
  };
  if (native) json["address"] = frame.address;
  if (boundary) json["boundary"] = "thread";
  if (frame.awaiting) json["awaiting"] = true;
  return json;
}

Json stack_json(const CallTree& tree, NodeId node, size_t depth) {
  Json frames = Json::array();
  for (; node != kRootNode && frames.size() < depth; node = tree.parent(node)) {
    frames.push_back(frame_json(tree.frame(node)));
  }
  return frames;
}

std::string json_text(const Json& json) {
  return compact(json) + "\n";
}

void StackJsonText::append(std::string& out, NodeId node) {
  out += '[';
  for (size_t count = 0; node != kRootNode && count < depth_; ++count, node = tree_.parent(node)) {
    std::string& frame = frames_[raw(tree_.frame_id(node))];
    if (frame.empty()) frame = compact(frame_json(tree_.frame(node)));
    if (count != 0) out += ',';
    out += frame;
  }
  out += ']';
}

JsonListWriter::JsonListWriter(const Json& head, const std::string& name, const TextSink& write) : write_(write) {
  buffer_ = compact(head);
  buffer_.pop_back();
  if (!head.empty()) buffer_ += ',';
  buffer_ += compact(Json(name)) + ":[";
}

void JsonListWriter::add(const Json& element, const std::string& member, const std::string& value) {
  if (!first_) buffer_ += ',';
  first_ = false;
  buffer_ += compact(element);
  buffer_.pop_back();
  if (!element.empty()) buffer_ += ',';
  buffer_ += compact(Json(member)) + ':';
  buffer_ += value;
  buffer_ += '}';
  if (buffer_.size() < kWriteBytes) return;
  write_(buffer_);
  buffer_.clear();
}

void JsonListWriter::finish() {
  write_(buffer_ + "]}\n");
  buffer_.clear();
}

}  // namespace cistern::analyzer
