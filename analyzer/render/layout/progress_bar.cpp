#include "analyzer/render/layout/progress_bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "analyzer/render/layout/units.h"

namespace cistern::analyzer {
namespace {

constexpr double kPatienceSeconds = 1.0;
constexpr double kRedrawSeconds = 0.1;
constexpr size_t kCells = 30;

double between(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

ProgressBar::~ProgressBar() {
  if (visible_) fmt::print(stderr, "\r\x1b[K");
}

void ProgressBar::advance(uint64_t bytes) {
  done_ += bytes;
  if (!terminal_.terminal) return;
  const auto now = Clock::now();
  if (between(began_, now) < kPatienceSeconds || between(drawn_, now) < kRedrawSeconds) return;
  drawn_ = now;
  draw(between(began_, now));
}

void ProgressBar::draw(double seconds) {
  const double share = expected_ == 0 ? 1 : std::min(1.0, static_cast<double>(done_) / static_cast<double>(expected_));
  const auto full = static_cast<size_t>(share * kCells);
  std::string bar;
  for (size_t i = 0; i < kCells; ++i) bar += i < full ? "━" : "┄";
  const double left = share > 0 ? seconds / share - seconds : 0;
  fmt::print(stderr, "\r{} {:3.0f} %  {} of {}, {} left\x1b[K", bar, share * 100, format_bytes(done_),
             format_bytes(expected_), format_seconds(left));
  std::fflush(stderr);
  visible_ = true;
}

}  // namespace cistern::analyzer
