#include "analyzer/model/replay.h"

namespace cistern::analyzer {

void Replay::report() {
  steps_since_report_ = 0;
  if (progress_ == nullptr) return;
  const uint64_t bytes = stream_.decoded_bytes();
  progress_->advance(bytes - reported_bytes_);
  reported_bytes_ = bytes;
}

}  // namespace cistern::analyzer
