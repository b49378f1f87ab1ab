// Reads the record stream of an image into Definitions and ProcessEvents. Skips records of unknown types. Skips and
// counts malformed records. A malformed frame ends its segment; the records before it count.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/read/definitions.h"
#include "analyzer/read/found_segment.h"
#include "analyzer/read/process_events.h"

namespace cistern::analyzer {

class RecordReader {
 public:
  RecordReader(Definitions& definitions, ProcessEvents& process_events)
      : definitions_(definitions), process_events_(process_events) {}

  // Reads all records of a segment. Requires: segments are passed in order of sequence.
  // Returns the number of payload bytes that could not be read.
  uint64_t take(const FoundSegment& segment);

  // Sorts the records, and sets the path of the executable's module. Call once, after the last segment.
  void finish();
  // Removes records of moments before `time`, the beginning of the first epoch.
  void forget_before(uint64_t time);

  uint64_t records() const noexcept { return records_; }
  uint64_t malformed() const noexcept { return malformed_; }

 private:
  // These return whether the record is well-formed.
  bool take_record(RecordType type, Cursor in);
  bool add_string(Cursor& in);
  bool add_code(Cursor& in);
  bool add_line_table(Cursor& in);
  bool add_node(Cursor& in);
  bool add_module(Cursor& in);
  bool end_module(Cursor& in);
  bool add_thread(Cursor& in);
  bool name_thread(Cursor& in);
  bool end_thread(Cursor& in);
  bool add_symbol(Cursor& in);
  bool add_losses(Cursor& in);
  bool add_image(Cursor& in);
  bool add_interpreter(Cursor& in);
  bool add_end(Cursor& in);
  bool add_epoch(Cursor& in);
  bool add_stop(Cursor& in);

  Definitions& definitions_;
  ProcessEvents& process_events_;
  std::vector<ModuleId> programs_;  // modules without a path
  uint64_t records_ = 0;
  uint64_t malformed_ = 0;
};

}  // namespace cistern::analyzer
