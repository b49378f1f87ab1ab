#include "tests/fuzz/input_files.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <string_view>

#include "cistern/format/checksum.h"
#include "cistern/format/record.h"
#include "cistern/format/window_layout.h"
#include "tests/fuzz/fuzz_target.h"

namespace cistern::fuzz {
namespace {

constexpr size_t kPrefixBytes = 3;
constexpr size_t kMagicBytes = 4;
constexpr std::string_view kSegment = "CSEG";
constexpr std::string_view kSlot = "CSLT";
constexpr std::string_view kWindow = "CWIN";

bool begins_item(std::string_view text) {
  return text.starts_with(kSegment) || text.starts_with(kSlot) || text.starts_with(kWindow);
}

// The items, each with its magic. Bytes before the first item are ignored.
std::vector<std::string_view> items_of(std::string_view text) {
  std::vector<size_t> begins;
  for (size_t at = text.find('C'); at != text.npos; at = text.find('C', at + 1)) {
    if (begins_item(text.substr(at))) begins.push_back(at);
  }
  std::vector<std::string_view> items;
  for (size_t i = 0; i < begins.size(); ++i) {
    const size_t end = i + 1 < begins.size() ? begins[i + 1] : text.size();
    items.push_back(text.substr(begins[i], end - begins[i]));
  }
  return items;
}

template <typename T>
T object_at(std::string_view bytes) {
  T object{};
  std::memcpy(&object, bytes.data(), std::min(bytes.size(), sizeof object));
  return object;
}

template <typename T>
std::string_view bytes_of(const T& object) {
  return {reinterpret_cast<const char*>(&object), sizeof object};
}

class FileMaker {
 public:
  FileMaker(std::string_view body, uint8_t flags) : flags_(flags), header_(object_at<ProfileHeader>(body)) {
    body.remove_prefix(std::min(body.size(), sizeof(ProfileHeader)));
    if (!has(kKeepHeader)) mend_header();
    add_header(profile_, FileRole::kProfile);
    for (const std::string_view item : items_of(body)) add(item);
  }

  std::string profile() { return std::move(profile_); }
  std::string window() {
    if (!has_window_) return {};
    std::string file;
    add_header(file, FileRole::kWindow);
    file += bytes_of(control_);
    file.resize(kWindowSlotsOffset);
    return file + slots_;
  }

 private:
  bool has(InputFlag flag) const { return (flags_ & flag) != 0; }

  void mend_header() {
    std::memcpy(header_.magic, kProfileMagic, sizeof header_.magic);
    header_.major = kFormatMajor;
    header_.header_bytes = kProfileHeaderBytes;
  }

  void add_header(std::string& file, FileRole role) {
    if (!has(kKeepHeader)) {
      header_.role = role;
      header_.checksum = checksum_of(header_);
    }
    file += bytes_of(header_);
    file.resize(kProfileHeaderBytes);
  }

  void add(std::string_view item) {
    if (item.starts_with(kSegment)) return add_segment(item);
    has_window_ = true;
    if (item.starts_with(kSlot)) return add_slot(item.substr(kMagicBytes));
    control_ = object_at<WindowControl>(item.substr(kMagicBytes));
  }

  // A segment's header and payload, with the identity of this image.
  SegmentHeader take_header(std::string_view item, std::string_view& payload) const {
    auto header = object_at<SegmentHeader>(item);
    payload = item.substr(std::min(item.size(), sizeof header));
    header.magic = kSegmentMagic;
    if (!has(kKeepLengths)) {
      header.header_bytes = sizeof header;
      header.payload_bytes = header.content_bytes = static_cast<uint32_t>(payload.size());
      header.room_bytes = 0;
    }
    if (!has(kKeepIdentity)) {
      header.pid = header_.image.pid;
      header.generation = header_.generation;
    }
    return header;
  }

  void add_segment(std::string_view item) {
    std::string_view payload;
    SegmentHeader header = take_header(item, payload);
    std::string bytes(payload);
    if (!has(kKeepChecksums)) {
      bytes.resize(std::max<size_t>(bytes.size(), std::min(header.payload_bytes, kMaxSegmentBytes)));
      const size_t more_header = std::max<size_t>(header.header_bytes, sizeof header) - sizeof header;
      bytes.insert(0, std::min<size_t>(more_header, 4096), '\0');
      if (header.payload_bytes + more_header <= bytes.size()) {
        header.checksum = checksum_of(header, bytes.data() + more_header);
      }
    }
    profile_ += bytes_of(header);
    profile_ += bytes;
    if (!has(kKeepPadding))
      profile_.resize((profile_.size() + kSegmentAlignment - 1) / kSegmentAlignment * kSegmentAlignment);
  }

  void add_slot(std::string_view item) {
    auto control = object_at<SlotControl>(item);
    std::string_view payload;
    const SegmentHeader header = take_header(item.substr(std::min(item.size(), sizeof control)), payload);
    if (!has(kKeepLengths)) {
      control.published = static_cast<uint32_t>(payload.size());
      control.capacity = kMaxPayloadBytes;
    }
    slots_.resize((slots_.size() + kSlotStride - 1) / kSlotStride * kSlotStride);
    slots_ += bytes_of(control);
    slots_ += bytes_of(header);
    slots_ += payload.substr(0, kMaxPayloadBytes);
  }

  uint8_t flags_;
  ProfileHeader header_;
  WindowControl control_{};
  bool has_window_ = false;
  std::string profile_;
  std::string slots_;
};

class Mutator {
 public:
  Mutator(std::string_view input, unsigned seed)
      : head_(input.substr(0, kPrefixBytes + sizeof(ProfileHeader))), random_(seed) {
    for (const std::string_view item : items_of(input.substr(head_.size()))) items_.emplace_back(item);
  }

  bool change() {
    if (items_.empty()) return false;
    switch (below(8)) {
      case 0:
        return copy_item();
      case 1:
        return drop_item();
      case 2:
        return change_header();
      default:
        return change_payload();
    }
  }

  std::string result() const {
    std::string all = head_;
    for (const std::string& item : items_) all += item;
    return all;
  }

 private:
  size_t below(size_t count) { return std::uniform_int_distribution<size_t>(0, count - 1)(random_); }
  std::string& any_item() { return items_[below(items_.size())]; }
  static size_t header_bytes(std::string_view item) {
    if (item.starts_with(kWindow)) return kMagicBytes;
    const size_t before = item.starts_with(kSlot) ? kMagicBytes + sizeof(SlotControl) : 0;
    return std::min(item.size(), before + sizeof(SegmentHeader));
  }

  // An unstructured change of a part.
  std::string mutated(std::string part) {
    const size_t size = part.size();
    part.resize(size + 64);
    part.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(part.data()), size, part.size()));
    return part;
  }

  bool copy_item() {
    const std::string copy = any_item();
    items_.insert(items_.begin() + static_cast<std::ptrdiff_t>(below(items_.size() + 1)), copy);
    return true;
  }

  bool drop_item() {
    if (items_.size() == 1) return false;
    items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(below(items_.size())));
    return true;
  }

  bool change_header() {
    std::string& item = any_item();
    const size_t size = header_bytes(item);
    if (size <= kMagicBytes) return false;
    std::string part = item.substr(kMagicBytes, size - kMagicBytes);
    part = mutated(part);
    part.resize(size - kMagicBytes);
    item.replace(kMagicBytes, part.size(), part);
    return true;
  }

  bool change_payload() {
    std::string& item = any_item();
    const size_t begin = header_bytes(item);
    const std::string payload = item.substr(begin);
    const auto header =
        object_at<SegmentHeader>(std::string_view(item).substr(begin - std::min(begin, sizeof(SegmentHeader))));
    item.resize(begin);
    item += header.kind == SegmentKind::kRecords ? changed_records(payload) : mutated(payload);
    return true;
  }

  // Changes, copies or removes one record, or changes its type.
  std::string changed_records(const std::string& payload) {
    std::vector<std::pair<RecordType, std::string>> records;
    Cursor in(payload);
    for (RawRecord record; next_record(in, record);) records.emplace_back(record.type, record.payload);
    if (records.empty()) return mutated(payload);
    const size_t which = below(records.size());
    switch (below(6)) {
      case 0:
        records.insert(records.begin() + static_cast<std::ptrdiff_t>(below(records.size() + 1)), records[which]);
        break;
      case 1:
        records.erase(records.begin() + static_cast<std::ptrdiff_t>(which));
        break;
      case 2:
        records[which].first = static_cast<RecordType>(below(40));
        break;
      default:
        records[which].second = mutated(records[which].second);
    }
    std::string out;
    for (const auto& [type, bytes] : records) out += framed(type, bytes);
    return out;
  }

  static std::string framed(RecordType type, std::string_view bytes) {
    uint8_t frame[2 * kMaxVarintBytes];
    const uint8_t* const end = put_varint(put_varint(frame, static_cast<uint32_t>(type)), bytes.size());
    return std::string(reinterpret_cast<const char*>(frame), static_cast<size_t>(end - frame)).append(bytes);
  }

  std::string head_;
  std::vector<std::string> items_;
  std::minstd_rand random_;
};

}  // namespace

InputFiles input_files(std::span<const uint8_t> input) {
  std::string_view text(reinterpret_cast<const char*>(input.data()), input.size());
  InputFiles files;
  if (text.size() < kPrefixBytes) return files;
  files.selector = static_cast<uint8_t>(text[0]);
  const auto flags = static_cast<uint8_t>(text[1]);
  files.switches = static_cast<uint8_t>(text[2]);
  text.remove_prefix(kPrefixBytes);
  if ((flags & kVerbatim) != 0) {
    files.profile = text;
    return files;
  }
  FileMaker maker(text, flags);
  files.profile = maker.profile();
  files.window = maker.window();
  return files;
}

size_t mutate_input(uint8_t* data, size_t size, size_t max_size, unsigned seed) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (size <= kPrefixBytes || (data[1] & kVerbatim) != 0 || seed % 3 == 0)
    return LLVMFuzzerMutate(data, size, max_size);
  Mutator mutator(input, seed);
  if (!mutator.change()) return LLVMFuzzerMutate(data, size, max_size);
  const std::string changed = mutator.result();
  if (changed.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, changed.data(), changed.size());
  return changed.size();
}

}  // namespace cistern::fuzz
