#include "analyzer/read/window_file.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "analyzer/read/file_bytes.h"

namespace cistern::analyzer {
namespace {

struct SlotView {
  SlotControl control{};
  SegmentHeader header{};
};

class WindowReader {
 public:
  WindowReader(std::span<const uint8_t> file, WindowFile& out) : file_(file), out_(out) {}

  void read() {
    if (file_.size() < kWindowControlOffset + sizeof(WindowControl)) return;
    WindowControl control{};
    std::memcpy(&control, file_.data() + kWindowControlOffset, sizeof control);
    out_.file_end = control.file_end;
    std::copy(std::begin(control.counters), std::end(control.counters), out_.counters.begin());
    out_.stop = control.stop;
    for (uint64_t at = kWindowSlotsOffset; at + kSlotOverheadBytes <= file_.size(); at += kSlotStride) read_slot(at);
  }

 private:
  SlotView load_slot(uint64_t at) const {
    SlotView slot;
    std::memcpy(&slot.control, file_.data() + at, sizeof slot.control);
    std::atomic_thread_fence(std::memory_order_acquire);  // partner: the recorder's release stores
    std::memcpy(&slot.header, file_.data() + at + sizeof slot.control, sizeof slot.header);
    return slot;
  }

  bool holds_segment(const SlotView& slot) const {
    const auto state = static_cast<SlotState>(slot.control.state);
    if (state != SlotState::kOwned && state != SlotState::kSealed) return false;
    if (slot.header.magic != kSegmentMagic || slot.control.published == 0) return false;
    if (slot.header.header_bytes < sizeof(SegmentHeader)) return false;
    const ProfileHeader& header = out_.header.header;
    return out_.header.damaged || (slot.header.pid == header.image.pid && slot.header.generation == header.generation);
  }

  void read_slot(uint64_t at) {
    const SlotView slot = load_slot(at);
    if (!holds_segment(slot)) return;
    const uint64_t begin = std::min<uint64_t>(at + sizeof(SlotControl) + slot.header.header_bytes, file_.size());
    const uint64_t end = std::min<uint64_t>(at + kSlotStride, file_.size());
    const uint64_t size = std::min<uint64_t>(slot.control.published, end - begin);
    auto copy = std::make_unique<uint8_t[]>(size);
    std::memcpy(copy.get(), file_.data() + begin, size);
    std::atomic_thread_fence(std::memory_order_acquire);
    const SlotView after = load_slot(at);
    if (!holds_segment(after) || after.header.stream_id != slot.header.stream_id ||
        after.header.sequence != slot.header.sequence)
      return;
    FoundSegment segment{slot.header, {copy.get(), size}, at + sizeof(SlotControl), true};
    segment.header.payload_bytes = static_cast<uint32_t>(size);
    out_.segments.push_back(segment);
    out_.storage.push_back(std::move(copy));
  }

  std::span<const uint8_t> file_;
  WindowFile& out_;
};

// Whether the recorder was killed before it wrote the header.
bool is_unwritten(std::span<const uint8_t> file) {
  const auto header = file.first(std::min(file.size(), sizeof(ProfileHeader)));
  return std::all_of(header.begin(), header.end(), [](uint8_t byte) { return byte == 0; });
}

}  // namespace

WindowFile read_window(const std::string& path) {
  const FileBytes file(path);
  WindowFile window;
  window.path = path;
  if (is_unwritten(file.bytes())) {
    window.header.damaged = true;
    return window;
  }
  window.header = read_header(file.bytes(), FileRole::kWindow, path);
  WindowReader(file.bytes(), window).read();
  return window;
}

}  // namespace cistern::analyzer
