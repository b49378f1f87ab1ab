#include "tests/builders/recording.h"

#include <algorithm>
#include <fstream>

#include "cistern/format/definition_records.h"
#include "cistern/format/image_records.h"
#include "cistern/format/moment_records.h"
#include "tests/builders/make_event.h"

namespace cistern::analyzer {

Recording::Recording(uint32_t pid) : header(golden_header(FileRole::kProfile)) {
  header.image.pid = pid;
  header.first_time = kStart;
}

SegmentBuilder& Recording::segment(uint32_t stream_id, uint64_t time) {
  const auto found = open_.find(stream_id);
  if (found != open_.end()) return found->second;
  const uint32_t tid = stream_id == 0 ? 0 : 5000 + stream_id;
  auto& made =
      open_.emplace(stream_id, SegmentBuilder(StreamId{stream_id}, tid, sequence_[stream_id]++, time)).first->second;
  made.header.pid = header.image.pid;
  made.header.generation = header.generation;
  return made;
}

StringId Recording::string(std::string_view text) {
  const auto found = strings_.find(text);
  if (found != strings_.end()) return found->second;
  const StringId id{static_cast<uint32_t>(strings_.size() + 1)};
  strings_[std::string(text)] = id;
  record(StringRecord{id, text});
  return id;
}

CodeId Recording::code(const Place& place) {
  const std::string key = std::string(place.function) + "\n" + std::string(place.file) + std::to_string(place.line);
  const auto found = codes_.find(key);
  if (found != codes_.end()) return found->second;
  const StringId file = string(place.file);
  const StringId name = string(place.function);
  const CodeId id{static_cast<uint32_t>(codes_.size() + 1)};
  codes_[key] = id;
  record(CodeRecord{id, file, name, place.line, LineTableKind::kNone, 0});
  return id;
}

StackId Recording::node(StackId parent, NodeKind kind, uint32_t a, int64_t b) {
  const std::string key = std::to_string(raw(parent)) + " " + std::to_string(static_cast<uint32_t>(kind)) + " " +
                          std::to_string(a) + " " + std::to_string(b);
  const auto found = nodes_.find(key);
  if (found != nodes_.end()) return found->second;
  const StackId id{static_cast<uint32_t>(nodes_.size() + 1)};
  nodes_[key] = id;
  record(StackNodeRecord{id, parent, kind, a, b});
  return id;
}

// A negative offset is the code's first line, so no line table is needed.
StackId Recording::stack(const std::vector<Place>& outermost_first) {
  StackId at{};
  for (const Place& place : outermost_first) at = node(at, NodeKind::kPython, raw(code(place)), -1);
  return at;
}

void Recording::phase(uint64_t time, Phase phase) {
  record(PhaseRecord{time, phase});
}
void Recording::mark(uint64_t time, std::string_view name) {
  record(MarkRecord{time, StreamId{1}, name});
}
void Recording::end(uint64_t time, EndKind how, int64_t code) {
  record(EndRecord{time, how, code});
}

void Recording::run_of(std::string_view arguments) {
  std::string list(arguments);
  std::replace(list.begin(), list.end(), ' ', '\0');
  list += '\0';
  ImageRecord image;
  image.executable = "/usr/bin/python3";
  image.arguments = list;
  record(image);
}

void Recording::python(std::string_view version) {
  InterpreterRecord interpreter;
  interpreter.implementation = "CPython";
  interpreter.version = version;
  interpreter.allocator = "pymalloc";
  interpreter.stacks = PythonStacks::kOn;
  record(interpreter);
}

void Recording::event(uint32_t stream_id, const Event& event) {
  segment(stream_id, event.time).event(event);
}

void Recording::alloc(uint32_t stream_id, uint64_t time, uint64_t address, uint64_t size, StackId stack,
                      Domain domain) {
  event(stream_id, make_alloc(domain, time, address, size, stack));
}
void Recording::free(uint32_t stream_id, uint64_t time, uint64_t address, Domain domain) {
  event(stream_id, make_free(domain, time, address));
}
void Recording::realloc(uint32_t stream_id, uint64_t begin, uint64_t end, uint64_t from, uint64_t to, uint64_t size,
                        StackId stack, Domain domain) {
  event(stream_id, make_realloc(domain, begin, end, from, to, size, stack));
}
void Recording::map(uint32_t stream_id, uint64_t time, uint64_t address, uint64_t size, uint32_t flags, StackId stack) {
  event(stream_id, make_map(time, address, size, flags, stack));
}
void Recording::unmap(uint32_t stream_id, uint64_t time, uint64_t address, uint64_t size) {
  event(stream_id, make_unmap(time, address, size));
}

void Recording::seal(uint32_t stream_id, bool drop) {
  const auto found = open_.find(stream_id);
  if (found == open_.end()) return;
  if (!drop) sealed_.push_back(found->second);
  open_.erase(found);
}

std::vector<SegmentBuilder> Recording::open() const {
  std::vector<SegmentBuilder> segments;
  for (const auto& [stream_id, segment] : open_) segments.push_back(segment);
  return segments;
}

std::string Recording::bytes() {
  while (!open_.empty()) seal(open_.begin()->first);
  ProfileBuilder builder(header);
  for (const SegmentBuilder& segment : sealed_) builder.segment(segment);
  return builder.file;
}

const std::string& Recording::write(const std::string& path) {
  const std::string file = bytes();
  std::ofstream(path, std::ios::binary).write(file.data(), static_cast<std::streamsize>(file.size()));
  return written_ = path;
}

Profile Recording::read() {
  directory_ = std::make_unique<TemporaryDirectory>();
  return open_profile(write(directory_->file("x.cistern")));
}

}  // namespace cistern::analyzer
