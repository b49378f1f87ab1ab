// A recording made by hand: stacks by names, events by thread, cut into segments at will; as bytes, as a file, or read
// back as the analyzer reads it. One tick is one nanosecond; the image is process 4711 and begins at tick kStart.
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

  // Begins an stream's segment at `time`, of which its first event's counts from.
  void begin_segment(uint32_t stream_id, uint64_t time) { segment(stream_id, time); }
  // Ends an stream's segment; the next event begins another. `drop`: it never reaches the file.
  void seal(uint32_t stream_id, bool drop = false);

  // Seals what is open. The whole file.
  std::string bytes();
  // Reads it back.
  Profile read();
  const std::string& write(const std::string& path);

  ProfileHeader header;
  // Segments as they were sealed so far, of all streams.
  const std::vector<SegmentBuilder>& sealed() const { return sealed_; }
  // Those still open, in order of stream.
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
