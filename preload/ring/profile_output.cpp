#include "preload/ring/profile_output.h"

#include <errno.h>

namespace cistern::preload {
namespace {

// The kernel looks for a fatal signal between two pages of a write (mm/filemap.c, generic_perform_write, Linux 6.1): a
// header that is written again must lie in one, or a kill may tear it.
constexpr bool crosses_page(uint64_t offset, uint64_t bytes) noexcept {
  constexpr uint64_t kPageBytes = 4096;
  return offset % kPageBytes + bytes > kPageBytes;
}

}  // namespace

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

int ProfileOutput::append(const SegmentHeader& header, uint64_t& offset) noexcept {
  const Locked locked(lock_);
  const std::atomic_ref<uint64_t> end(*file_end_);
  offset = end.load(std::memory_order_relaxed);
  if (header.room_bytes != 0 && crosses_page(offset, sizeof header)) offset += kSegmentAlignment;
  if (offset + place_bytes(header) > max_bytes_) return EFBIG;
  const int error = file_.write_at(&header, sizeof header + header.payload_bytes, offset);
  if (error == 0) end.store(offset + place_bytes(header), std::memory_order_relaxed);
  return error;
}

int ProfileOutput::extend(const SegmentHeader& header, uint64_t offset, uint32_t old_bytes) noexcept {
  const Locked locked(lock_);
  const auto* const payload = reinterpret_cast<const char*>(&header + 1);
  const int error =
      file_.write_at(payload + old_bytes, header.payload_bytes - old_bytes, offset + sizeof header + old_bytes);
  return error != 0 ? error : file_.write_at(&header, sizeof header, offset);
}

void ProfileOutput::abandon() noexcept {
  file_.abandon();
  lock_.reset();
  file_end_ = nullptr;
}

}  // namespace cistern::preload
