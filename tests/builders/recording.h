// A recording made by a test: stacks by names of functions, events by thread, segments where the test seals them. Gives
// the profile's bytes, writes it to a file, or reads it back with the analyzer. One tick is one nanosecond. The image
// is process 4711 and begins at time kStart.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/read/profile.h"
#include "cistern/format/event.h"
#include "cistern/format/profile_header.h"
#include "tests/builders/profile_builder.h"
#include "tests/builders/temporary_directory.h"

namespace cistern::analyzer {

constexpr uint64_t kStart = 1'000'000'000;

// "function file:line", outermost first.
struct Place {
  std::string_view function;
  std::string_view file;
  int64_t line = 0;
};

class Recording {
 public:
  explicit Recording(uint32_t pid = 4711);

  StackId stack(const std::vector<Place>& outermost_first);
  StackId node(StackId parent, NodeKind kind, uint32_t a, int64_t b);
  StringId string(std::string_view text);
  CodeId code(const Place& place);

  template <typename Record>
  void record(const Record& record) {
    records().record(record);
  }
  void phase(uint64_t time, Phase phase);
  void mark(uint64_t time, std::string_view name);
  void run_of(std::string_view arguments);  // separated by spaces
  void python(std::string_view version);
  void end(uint64_t time, EndKind how, int64_t code = -1);

  void event(uint32_t stream_id, const Event& event);
  void alloc(uint32_t stream_id, uint64_t time, uint64_t address, uint64_t size, StackId stack = {},
             Domain domain = Domain::kObj);
  void free(uint32_t stream_id, uint64_t time, uint64_t address, Domain domain = Domain::kObj);
  void realloc(uint32_t stream_id, uint64_t begin, uint64_t end, uint64_t from, uint64_t to, uint64_t size,
               StackId stack = {}, Domain domain = Domain::kObj);
  void map(uint32_t stream_id, uint64_t time, uint64_t address, uint64_t size, uint32_t flags = 0, StackId stack = {});
  void unmap(uint32_t stream_id, uint64_t time, uint64_t address, uint64_t size);

  // Begins a stream's segment with first_time `time`.
  void begin_segment(uint32_t stream_id, uint64_t time) { segment(stream_id, time); }
  // Ends a stream's segment; the next event begins another one. `drop`: the segment is not in the file.
  void seal(uint32_t stream_id, bool drop = false);

  // Seals all open segments. Returns the whole file.
  std::string bytes();
  // Writes the file and reads it with the analyzer.
  Profile read();
  const std::string& write(const std::string& path);

  ProfileHeader header;
  // The segments that are sealed so far, of all streams.
  const std::vector<SegmentBuilder>& sealed() const { return sealed_; }
  // The open segments, in order of stream.
  std::vector<SegmentBuilder> open() const;

 private:
  SegmentBuilder& records() { return segment(0, kStart); }
  SegmentBuilder& segment(uint32_t stream_id, uint64_t time);

  std::map<uint32_t, SegmentBuilder> open_;
  std::map<uint32_t, uint64_t> sequence_;
  std::vector<SegmentBuilder> sealed_;
  std::map<std::string, StringId, std::less<>> strings_;
  std::map<std::string, CodeId> codes_;
  std::map<std::string, StackId> nodes_;
  std::unique_ptr<TemporaryDirectory> directory_;
  std::string written_;
};

}  // namespace cistern::analyzer
