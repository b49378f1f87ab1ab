// Told how far long work has come. Implemented where there is a terminal to show it on.
#pragma once

#include <cstdint>

namespace cistern::analyzer {

class Progress {
 public:
  virtual ~Progress() = default;
  // `bytes` more of the profile's events are to be read: once for each replay, before it.
  virtual void expect(uint64_t bytes) = 0;
  // So many have been read since the last call.
  virtual void advance(uint64_t bytes) = 0;
};

}  // namespace cistern::analyzer
