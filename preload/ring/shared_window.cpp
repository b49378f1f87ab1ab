#include "preload/ring/shared_window.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cstring>

#include "preload/arch/arch.h"
#include "preload/base/memory.h"

namespace cistern::preload {
namespace {

constexpr uint32_t kPage = kPageBytes;
// Slots and the control page are mapped and reserved in whole pages.
static_assert(kWindowSlotsOffset % kPageBytes == 0 && kWindowControlOffset % kPageBytes == 0);
static_assert(kSlotStride % kPageBytes == 0);

// Maps anonymous shared memory, hidden from forked children; at `address`, replacing what is mapped there, unless that
// is nullptr.
char* map_anonymous(char* address, uint64_t bytes) noexcept {
  const long made =
      raw_syscall(SYS_mmap, reinterpret_cast<long>(address), static_cast<long>(bytes), PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS | (address != nullptr ? MAP_FIXED : 0), -1, 0);
  if (is_error(made)) return nullptr;
  raw_syscall(SYS_madvise, made, static_cast<long>(bytes), MADV_DONTFORK);
  return reinterpret_cast<char*>(made);
}

}  // namespace

char* SharedWindow::map(uint64_t offset, uint64_t bytes) noexcept {
  auto* at = anonymous_ ? nullptr : static_cast<char*>(file_.map(offset, bytes));
  if (at == nullptr) {
    at = map_anonymous(nullptr, bytes);
    if (at != nullptr) anonymous_ = true;
  }
  if (at != nullptr) count_own_bytes(static_cast<int64_t>(bytes));
  return at;
}

int SharedWindow::open(const PathText& path, const ProfileHeader& header) noexcept {
  if (const int error = file_.create(path, true); error != 0) return error;
  constexpr uint64_t kFirstSlotBytes = 64 * 1024;  // the record stream needs this much
  const int error = file_.reserve(0, kWindowSlotsOffset + kFirstSlotBytes);
  char* const first = error == 0 ? map(0, kWindowSlotsOffset) : nullptr;
  if (first == nullptr || anonymous_) file_.unlink();
  if (first == nullptr) return error != 0 ? error : ENOMEM;
  std::memcpy(first, &header, sizeof header);
  control_ = reinterpret_cast<WindowControl*>(first + kWindowControlOffset);
  control_->slot_bytes = static_cast<uint32_t>(kSlotStride);
  // The program sees only one descriptor of ours, the profile's. This file is opened again when the window grows.
  file_.close();
  return 0;
}

void SharedWindow::unlink() noexcept {
  const Locked locked(lock_);
  file_.unlink();
  if (!anonymous_) leave_file();
}

// Goes over to anonymous memory. The rest of the last chunk would lie beyond the end of the file, which cannot grow.
void SharedWindow::leave_file() noexcept {
  anonymous_ = true;
  if (slots_ >= kMaxSlots) return;
  char* const chunk = chunks_[slots_ / kSlotsInChunk];
  const uint64_t used_bytes = slots_ % kSlotsInChunk * kSlotStride;
  if (chunk == nullptr || map_anonymous(chunk + used_bytes, kChunkBytes - used_bytes) != nullptr) return;
  do {
    lent_[slots_++] = true;
  } while (slots_ % kSlotsInChunk != 0);
}

bool SharedWindow::reserve_in_file(uint64_t offset, uint64_t bytes) noexcept {
  const int error = file_.reserve(offset, bytes);
  file_.close();
  return error == 0;
}

SlotControl* SharedWindow::slot_at(uint32_t index) const noexcept {
  return reinterpret_cast<SlotControl*>(chunks_[index / kSlotsInChunk] + (index % kSlotsInChunk) * kSlotStride);
}

// Makes sure that the next slot's chunk is mapped.
bool SharedWindow::has_chunk() noexcept {
  if (slots_ >= kMaxSlots) return false;
  char*& chunk = chunks_[slots_ / kSlotsInChunk];
  if (chunk == nullptr) chunk = map(file_offset(slots_), kChunkBytes);
  return chunk != nullptr;
}

bool SharedWindow::make_slot() noexcept {
  constexpr uint32_t kFirstBytes = 8 * 1024;
  if (!has_chunk()) return false;
  if (!anonymous_ && !reserve_in_file(file_offset(slots_), kFirstBytes)) leave_file();
  if (!has_chunk()) return false;
  slot_at(slots_)->capacity = kFirstBytes - kSlotOverheadBytes;
  ++slots_;
  if (!anonymous_) file_slots_ = slots_;
  std::atomic_ref<uint32_t>(control_->slots).store(slots_, std::memory_order_release);
  return true;
}

Slot SharedWindow::take(uint32_t bytes) noexcept {
  Slot slot;
  {
    const Locked locked(lock_);
    uint32_t index = free_hint_;
    while (index < slots_ && lent_[index]) ++index;
    if (index == slots_) {
      if (!make_slot()) return slot;
      index = slots_ - 1;
    }
    lent_[index] = true;
    free_hint_ = index + 1;
    slot = Slot{slot_at(index), index};
  }
  grow(slot, bytes);
  if (slot.capacity() >= bytes) return slot;
  give_back(slot);
  return Slot{};
}

void SharedWindow::give_back(const Slot& slot) noexcept {
  const Locked locked(lock_);
  lent_[slot.index] = false;
  if (slot.index < free_hint_) free_hint_ = slot.index;
}

void SharedWindow::grow(const Slot& slot, uint32_t bytes) noexcept {
  if (bytes > kMaxPayloadBytes) bytes = kMaxPayloadBytes;
  const uint32_t old_bytes = slot.capacity() + kSlotOverheadBytes;
  const uint32_t new_bytes = (bytes + kSlotOverheadBytes + kPage - 1) & ~(kPage - 1);
  if (new_bytes <= old_bytes) return;
  const Locked locked(lock_);
  if (slot.index < file_slots_) {
    if (anonymous_ || !reserve_in_file(file_offset(slot.index) + old_bytes, new_bytes - old_bytes)) return;
  }
  slot.control->capacity = new_bytes - kSlotOverheadBytes;
}

void SharedWindow::abandon() noexcept {
  if (control_ != nullptr) count_own_bytes(-static_cast<int64_t>(kWindowSlotsOffset));
  for (const char* chunk : chunks_) {
    if (chunk != nullptr) count_own_bytes(-static_cast<int64_t>(kChunkBytes));
  }
  file_.abandon();
  lock_.reset();
  anonymous_ = false;
  control_ = nullptr;
  std::memset(chunks_, 0, sizeof chunks_);
  std::memset(lent_, 0, slots_);  // clearing the whole array would copy its pages
  slots_ = free_hint_ = file_slots_ = 0;
}

}  // namespace cistern::preload
