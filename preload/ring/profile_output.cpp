#include "preload/ring/profile_output.h"

#include <errno.h>

#include "cistern/format/checksum.h"
#include "preload/arch/arch.h"

namespace cistern::preload {
namespace {

// Whether the bytes lie in two pages. The kernel checks for a fatal signal between two pages of a write (mm/filemap.c,
// generic_perform_write, Linux 6.1), so a header that is rewritten must lie in one, or a kill may leave half of it.
constexpr bool crosses_page(uint64_t offset, uint64_t bytes) noexcept {
  return offset % kPageBytes + bytes > kPageBytes;
}

}  // namespace

int ProfileOutput::create(const PathText& path, ProfileHeader& header, bool replace) noexcept {
  if (replace && is_image_running(path)) return EBUSY;
  if (const int error = file_.create(path, replace); error != 0) return error;
  header.lock = running_.hold(path, file_.identity()) ? ImageLock::kProfile : ImageLock::kNone;
  header.checksum = checksum_of(header);
  int error = file_.write_at(&header, sizeof header, 0);
  if (error == 0) error = file_.resize(kProfileHeaderBytes);
  if (error != 0) discard();
  return error;
}

void ProfileOutput::attach(WindowControl& control, uint64_t max_bytes, bool overwrite) noexcept {
  file_end_ = &control.file_end;
  saved_bytes_ = &control.saved_bytes;
  max_bytes_ = max_bytes;
  chunk_bytes_ = overwrite ? (max_bytes - kProfileHeaderBytes) / kChunks & ~uint64_t{kPageBytes - 1} : 0;
  chunks_begun_.store(1, std::memory_order_relaxed);
  std::atomic_ref<uint64_t>(*file_end_).store(kProfileHeaderBytes, std::memory_order_relaxed);
}

// Whether `bytes` at `offset` fit into the current chunk or, without chunks, into the file.
bool ProfileOutput::fits(uint64_t offset, uint64_t bytes) const noexcept {
  if (chunk_bytes_ == 0) {
    // Another process writes saved_bytes; an impossible value counts as 0.
    const uint64_t saved = std::atomic_ref<uint64_t>(*saved_bytes_).load(std::memory_order_relaxed);
    return offset + bytes - (saved <= offset ? saved : 0) <= max_bytes_;
  }
  const uint64_t chunk = (chunks_begun() - 1) % kChunks;
  return offset + bytes <= kProfileHeaderBytes + (chunk + 1) * chunk_bytes_;
}

// Clears the next chunk and continues there. A process that is killed meanwhile leaves a partly cleared chunk; all
// others are whole.
int ProfileOutput::begin_chunk(uint64_t& offset) noexcept {
  const uint64_t begun = chunks_begun();
  const uint64_t chunk = begun % kChunks;
  offset = kProfileHeaderBytes + chunk * chunk_bytes_;
  if (begun >= kChunks) {
    if (const int error = file_.clear(offset, chunk_bytes_); error != 0) return error;
    overwritten_.fetch_add(segments_in_[chunk], std::memory_order_relaxed);
  }
  segments_in_[chunk] = 0;
  std::atomic_ref<uint64_t>(*file_end_).store(offset, std::memory_order_relaxed);
  chunks_begun_.store(begun + 1, std::memory_order_relaxed);
  return 0;
}

int ProfileOutput::append(const SegmentHeader& header, uint64_t& offset) noexcept {
  const Locked locked(lock_);
  const std::atomic_ref<uint64_t> end(*file_end_);
  offset = end.load(std::memory_order_relaxed);
  if (header.room_bytes != 0 && crosses_page(offset, sizeof header)) offset += kSegmentAlignment;
  if (!fits(offset, place_bytes(header))) {
    if (chunk_bytes_ == 0) return kSizeLimitReached;
    if (const int error = begin_chunk(offset); error != 0) return error;
  }
  const int error = file_.write_at(&header, sizeof header + header.payload_bytes, offset);
  if (error != 0) {
    // A full disk may have taken a part, which is no segment; the whole one is in the window.
    if (chunk_bytes_ == 0) file_.resize(offset);
    return error;
  }
  end.store(offset + place_bytes(header), std::memory_order_relaxed);
  if (chunk_bytes_ != 0) ++segments_in_[(chunks_begun() - 1) % kChunks];
  return 0;
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
  running_.abandon();
  lock_.reset();
  file_end_ = saved_bytes_ = nullptr;
  chunk_bytes_ = 0;
  chunks_begun_.store(0, std::memory_order_relaxed);
  overwritten_.store(0, std::memory_order_relaxed);
  for (uint32_t& count : segments_in_) count = 0;
}

}  // namespace cistern::preload
