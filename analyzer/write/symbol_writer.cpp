#include "analyzer/write/symbol_writer.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "analyzer/pack/segment_codec.h"
#include "analyzer/read/failure.h"
#include "analyzer/read/file_bytes.h"
#include "analyzer/read/header_page.h"
#include "analyzer/read/image_paths.h"
#include "analyzer/symbols/internals.h"
#include "analyzer/write/descriptor.h"
#include "analyzer/write/native_addresses.h"
#include "analyzer/write/sealed_segment.h"
#include "cistern/format/window_layout.h"

namespace cistern::analyzer {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestText = 3000;
constexpr size_t kMaxRecordBytes = 2 * kLongestText + 64;

// Keeps the beginning of a function name and the end of a path.
std::string_view shortened(std::string_view text, bool keep_end) {
  if (text.size() <= kLongestText) return text;
  return keep_end ? text.substr(text.size() - kLongestText) : text.substr(0, kLongestText);
}

void append_symbol(std::string& payload, const NativeAddress& at, uint32_t level, const Symbol& symbol) {
  const SymbolRecord record{at.module,
                            at.address,
                            level,
                            symbol.source,
                            symbol.line,
                            shortened(symbol.function, false),
                            shortened(symbol.file, true)};
  append_record<SymbolRecord, kMaxRecordBytes>(payload, record);
}

bool has_packed_segments(const ProfileOutline& outline) {
  return std::any_of(outline.segments.begin(), outline.segments.end(),
                     [](const auto& entry) { return is_packed(entry.second.header); });
}

// Collects symbol records and cuts them into segments.
class SymbolSegments {
 public:
  SymbolSegments(const ProfileHeader& header, uint64_t sequence, bool pack)
      : header_(header), sequence_(sequence), pack_(pack) {}

  void add(const NativeAddress& at, std::span<const Symbol> symbols) {
    for (uint32_t level = 0; level < symbols.size(); ++level) {
      append_symbol(records_, at, level, symbols[level]);
    }
    if (records_.size() > kMaxPayloadBytes / 4) close();
  }

  // The bytes of all segments, to be written at an aligned offset.
  std::string take() {
    close();
    return std::move(bytes_);
  }

 private:
  void close() {
    for (std::string_view rest = records_; !rest.empty();) {
      const size_t size = whole_records(rest);
      write(std::string(rest.substr(0, size)));
      rest.remove_prefix(size);
    }
    records_.clear();
  }

  // The size of the longest prefix of whole records that fits into one segment.
  static size_t whole_records(std::string_view records) {
    Cursor in(records);
    size_t size = 0;
    for (RawRecord record; next_record(in, record) && in.offset() <= kMaxPayloadBytes;) size = in.offset();
    return size;
  }

  void write(std::string content) {
    const SegmentKey key{kSymbolStream, sequence_++};
    SealedSegment segment{new_segment_header(header_, SegmentKind::kRecords, key, header_.first_time), content};
    complete(segment);
    if (pack_)
      packer_.pack(segment.header, {reinterpret_cast<const uint8_t*>(content.data()), content.size()}, segment.payload);
    bytes_.append(reinterpret_cast<const char*>(&segment.header), sizeof segment.header);
    bytes_ += segment.payload;
    bytes_.resize((bytes_.size() + kSegmentAlignment - 1) / kSegmentAlignment * kSegmentAlignment);
  }

  const ProfileHeader& header_;
  uint64_t sequence_;
  bool pack_;
  SegmentPacker packer_;
  std::string records_;
  std::string bytes_;
};

// libc, the interpreter and the extensions of the standard library: their debug information is large, and few users
// look at their lines.
bool comes_with_python(std::string_view module_path) {
  return is_internal(module_path) || is_libc(module_path) ||
         module_path.find("/lib-dynload/") != std::string_view::npos;
}

void count(SymbolCounts& counts, SymbolSource source, bool has_line) {
  ++counts.addresses;
  if (source == SymbolSource::kDebugInfo && has_line) {
    ++counts.lines;
  } else if (source != SymbolSource::kNone) {
    ++counts.functions;
  }
}

void append(const std::string& path, uint64_t end, const std::string& bytes) {
  const Descriptor file(path, O_RDWR);
  file.write_at(end, bytes.data(), bytes.size());
}

void replace(const std::string& profile, const ProfileHeader& header, uint64_t end, const std::string& bytes) {
  const std::string next = next_of(packed_of(profile, header));
  const fs::path directory = fs::path(next).parent_path();
  std::error_code error;
  std::error_code ignored;
  fs::create_directory(directory, ignored);
  fs::copy_file(profile, next, fs::copy_options::overwrite_existing, error);
  try {
    if (error) throw file_failure(next, error.value());
    append(next, end, bytes);
    if (std::rename(next.c_str(), profile.c_str()) != 0) throw file_failure(profile, errno);
  } catch (...) {
    fs::remove(next, ignored);
    fs::remove(directory, ignored);  // only when it is empty
    throw;
  }
  fs::remove(directory, ignored);
}

}  // namespace

void SymbolCounts::add(const SymbolCounts& other) noexcept {
  addresses += other.addresses;
  lines += other.lines;
  functions += other.functions;
  added += other.added;
  written_bytes += other.written_bytes;
}

SymbolCounts add_symbols(const std::string& profile, Symbolizer& symbolizer, SymbolWriting writing,
                         Progress* progress) {
  SymbolCounts counts;
  const FileBytes bytes(profile);
  const FoundHeader found = read_header(bytes.bytes(), FileRole::kProfile, profile);
  const ProfileOutline outline = outline_of(bytes, found.header);
  const NativeAddresses native(outline);
  const std::vector<RecordedAddress> addresses = native.sorted();
  if (progress != nullptr) progress->expect(addresses.size());
  SymbolSegments segments(found.header, native.next_sequence(), has_packed_segments(outline));
  const auto recorded_ns = static_cast<int64_t>(found.header.image.start_unix_ns);
  for (const RecordedAddress& address : addresses) {
    if (progress != nullptr) progress->advance(1);
    if (address.known == SymbolSource::kDebugInfo) {
      count(counts, *address.known, true);
      continue;
    }
    Module module;
    module.path = native.module(address.at.module).path;
    module.build_id = native.module(address.at.module).build_id;
    const bool functions_only = writing == SymbolWriting::kAppend && comes_with_python(module.path);
    const std::span<const Symbol> symbols =
        symbolizer.find(module, address.at.address, recorded_ns, functions_only ? Detail::kFunctions : Detail::kAll);
    const SymbolSource source = symbols.empty() ? SymbolSource::kNone : symbols.front().source;
    const bool more = !symbols.empty() && (!address.known || *address.known < source);
    if (more) segments.add(address.at, symbols);
    counts.added += more ? 1 : 0;
    count(counts, more ? source : address.known.value_or(SymbolSource::kNone), more && symbols.front().line != 0);
  }
  const std::string added = segments.take();
  if (added.empty()) return counts;
  const uint64_t file_end = (bytes.size_bytes() + kSegmentAlignment - 1) / kSegmentAlignment * kSegmentAlignment;
  const uint64_t end = std::max(outline.end, file_end);
  writing == SymbolWriting::kAppend ? append(profile, end, added) : replace(profile, found.header, end, added);
  counts.written_bytes = end + added.size() - bytes.size_bytes();
  return counts;
}

}  // namespace cistern::analyzer
