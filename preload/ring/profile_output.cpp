#include "preload/ring/profile_output.h"

#include <cstring>

namespace cistern::preload {

int ProfileOutput::create(const PathText& path, const ProfileHeader& header, bool replace) noexcept {
  if (const int error = file_.create(path, replace); error != 0) return error;
  int error = file_.write_at(&header, sizeof header, 0);
  if (error == 0) error = file_.resize(kProfileHeaderBytes);
  if (error != 0) file_.unlink();
  return error;
}

void ProfileOutput::attach(uint64_t* file_end, uint64_t max_bytes) noexcept {
  file_end_ = file_end;
  max_bytes_ = max_bytes;
  std::atomic_ref<uint64_t>(*file_end_).store(kProfileHeaderBytes, std::memory_order_relaxed);
}

uint64_t ProfileOutput::reserve(uint64_t bytes) noexcept {
  bytes = (bytes + kSegmentAlignment - 1) & ~uint64_t{kSegmentAlignment - 1};
  std::atomic_ref<uint64_t> end(*file_end_);
  if (end.load(std::memory_order_relaxed) + bytes > max_bytes_) return UINT64_MAX;
  return end.fetch_add(bytes, std::memory_order_relaxed);
}

int ProfileOutput::write(const SegmentHeader& header, uint64_t offset) noexcept {
  const Locked locked(lock_);
  return file_.write_at(&header, sizeof header + header.payload_bytes, offset);
}

void ProfileOutput::abandon() noexcept {
  file_.abandon();
  lock_.reset();
  file_end_ = nullptr;
}

}  // namespace cistern::preload
