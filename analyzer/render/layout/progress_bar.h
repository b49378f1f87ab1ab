// A progress bar on standard error for work that takes longer than a second. Only on a terminal. The destructor erases
// it.
#pragma once

#include <chrono>
#include <cstdint>

#include "analyzer/model/progress.h"
#include "analyzer/render/layout/terminal.h"

namespace cistern::analyzer {

class ProgressBar : public Progress {
 public:
  ProgressBar() : terminal_(terminal_of(stderr)), began_(Clock::now()), drawn_(began_) {}
  ~ProgressBar() override;
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void expect(uint64_t bytes) override { expected_ += bytes; }
  void advance(uint64_t bytes) override;

 private:
  using Clock = std::chrono::steady_clock;
  void draw(double seconds);

  Terminal terminal_;
  Clock::time_point began_;
  Clock::time_point drawn_;
  bool visible_ = false;
  uint64_t expected_ = 0;
  uint64_t done_ = 0;
};

}  // namespace cistern::analyzer
