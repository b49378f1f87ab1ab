// Receives the progress of long work. render/layout shows it on a terminal.
#pragma once

#include <cstdint>

namespace cistern::analyzer {

class Progress {
 public:
  virtual ~Progress() = default;
  // Called before each replay: it will read `bytes` of events.
  virtual void expect(uint64_t bytes) = 0;
  // `bytes` have been read since the last call.
  virtual void advance(uint64_t bytes) = 0;
};

}  // namespace cistern::analyzer
