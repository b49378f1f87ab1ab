// Counts the events of a run, fast, for profiles that are too big for reader.py: the first image's profile, the others'
// and their windows. Prints JSON: [{"pid": …, "lost": …, "threads": [{"tid": …, "malloc.alloc": …}],
// "sizes": {SIZE: allocations of it}}].
//
//   event_counts PROFILE [SIZE…]
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cistern/format/event.h"
#include "cistern/format/profile_header.h"
#include "cistern/format/segment.h"
#include "cistern/format/window_layout.h"

namespace {

using namespace cistern;
using Bytes = std::vector<uint8_t>;
using CountsOfThread = std::map<std::string, uint64_t>;

struct Counts {
  std::map<uint32_t, CountsOfThread> threads;
  std::map<uint64_t, uint64_t> sizes;  // only those that were asked for
};

constexpr const char* kOpNames[] = {"extension", "alloc", "free", "realloc", "map", "unmap", "remap", "arena"};

template <typename Struct>
bool read_at(const Bytes& bytes, uint64_t at, Struct& value) {
  if (at + sizeof value > bytes.size()) return false;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return true;
}

struct Payload {
  SegmentHeader header;
  Bytes bytes;
};

struct Image {
  uint64_t lost = 0;
  // The longest copy of each segment: one may be in the window and in the file.
  std::map<std::pair<uint32_t, uint64_t>, Payload> segments;

  void take(const Bytes& file, uint64_t at, const SegmentHeader& header, uint64_t payload_bytes) {
    Payload& known = segments[{header.stream_id, header.sequence}];
    if (known.bytes.size() > payload_bytes) return;
    const uint8_t* const begin = file.data() + at + header.header_bytes;
    known = {header, Bytes(begin, begin + payload_bytes)};
  }
};

bool segment_at(const Bytes& file, uint64_t at, SegmentHeader& header) {
  return read_at(file, at, header) && header.magic == kSegmentMagic && header.codec == Codec::kPlain;
}

void read_profile(const Bytes& file, Image& image) {
  SegmentHeader header;
  for (uint64_t at = kProfileHeaderBytes; at < file.size();) {
    const bool whole = segment_at(file, at, header) && at + header.header_bytes + header.payload_bytes <= file.size();
    if (whole) image.take(file, at, header, header.payload_bytes);
    const uint64_t end = whole ? at + header.header_bytes + header.payload_bytes : at + 1;
    at = (end + kSegmentAlignment - 1) / kSegmentAlignment * kSegmentAlignment;
  }
}

void read_window(const Bytes& file, Image& image) {
  WindowControl control;
  if (!read_at(file, kWindowControlOffset, control)) return;
  image.lost = control.counters[static_cast<int>(Counter::kLostEvents)];
  for (uint32_t i = 0; i < control.slots; ++i) {
    const uint64_t at = kWindowSlotsOffset + i * kSlotStride;
    SlotControl slot;
    SegmentHeader header;
    if (!read_at(file, at, slot) || slot.state == static_cast<uint32_t>(SlotState::kFree)) continue;
    if (!segment_at(file, at + sizeof slot, header)) continue;
    if (at + kSlotOverheadBytes + slot.published > file.size()) continue;
    image.take(file, at + sizeof slot, header, slot.published);
  }
}

void count(const Payload& segment, Counts& result) {
  if (segment.header.kind != SegmentKind::kEvents) return;
  EventDecoder decoder(segment.bytes.data(), segment.bytes.data() + segment.bytes.size(), segment.header.first_time);
  CountsOfThread& counts = result.threads[segment.header.tid];
  uint64_t by_kind[kDomains][8] = {};
  Event event;
  while (decoder.next(event)) {
    ++by_kind[static_cast<int>(event.domain)][static_cast<int>(event.op)];
    if (event.op != Op::kAlloc) continue;
    if (const auto asked = result.sizes.find(event.size); asked != result.sizes.end()) ++asked->second;
  }
  if (!decoder.ok()) std::fprintf(stderr, "event_counts: a malformed event of thread %u\n", segment.header.tid);
  for (int domain = 0; domain < kDomains; ++domain) {
    for (int op = 0; op < 8; ++op) {
      if (by_kind[domain][op] == 0) continue;
      counts[std::string(name_of(static_cast<Domain>(domain))) + "." + kOpNames[op]] += by_kind[domain][op];
    }
  }
}

void print(const ProfileHeader& header, const Image& image, Counts counted) {
  for (const auto& [place, segment] : image.segments) count(segment, counted);
  std::printf("{\"pid\": %u, \"lost\": %llu, \"threads\": [", header.image.pid,
              static_cast<unsigned long long>(image.lost));
  const char* comma = "";
  for (const auto& [tid, counts] : counted.threads) {
    std::printf("%s{\"tid\": %u", comma, tid);
    for (const auto& [name, number] : counts) {
      std::printf(", \"%s\": %llu", name.c_str(), static_cast<unsigned long long>(number));
    }
    std::printf("}");
    comma = ", ";
  }
  std::printf("], \"sizes\": {");
  comma = "";
  for (const auto& [size, number] : counted.sizes) {
    std::printf("%s\"%llu\": %llu", comma, static_cast<unsigned long long>(size),
                static_cast<unsigned long long>(number));
    comma = ", ";
  }
  std::printf("}}");
}

std::vector<std::filesystem::path> files_of(const std::string& profile) {
  std::vector<std::filesystem::path> files{profile};
  const std::filesystem::path folder = profile + ".d";
  if (std::filesystem::is_directory(folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  }
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  Counts asked;
  for (int i = 2; i < argc; ++i) asked.sizes[std::strtoull(argv[i], nullptr, 10)] = 0;
  std::map<std::string, std::pair<ProfileHeader, Image>> images;  // by the bytes of their identity
  for (const auto& path : files_of(argv[1])) {
    std::ifstream stream(path, std::ios::binary);
    const Bytes file{std::istreambuf_iterator<char>(stream), {}};
    ProfileHeader header;
    if (!read_at(file, 0, header) || std::memcmp(header.magic, kProfileMagic, sizeof header.magic) != 0) continue;
    const std::string key(reinterpret_cast<const char*>(&header.image), sizeof header.image);
    auto& [known, image] = images[key];
    known = header;
    header.role == FileRole::kWindow ? read_window(file, image) : read_profile(file, image);
  }
  std::printf("[");
  const char* comma = "";
  for (const auto& [key, pair] : images) {
    std::printf("%s", comma);
    print(pair.first, pair.second, asked);
    comma = ",\n";
  }
  std::printf("]\n");
  return images.empty() ? 1 : 0;
}
