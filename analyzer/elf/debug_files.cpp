#include "analyzer/elf/debug_files.h"

#include <filesystem>
#include <optional>

#include "analyzer/elf/crc32.h"

namespace cistern::analyzer {
namespace {

std::string hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

ElfFile with_build_id(const std::string& path, std::string_view build_id) {
  ElfFile file(path);
  return file.is_open() && file.build_id() == build_id ? std::move(file) : ElfFile{};
}

bool has_checksum(const ElfFile& file, uint32_t crc) {
  size_t size = 0;
  const char* const bytes = elf_rawfile(file.elf(), &size);
  return bytes != nullptr && crc32_of({reinterpret_cast<const uint8_t*>(bytes), size}) == crc;
}

ElfFile linked_file(const ElfFile& module, std::string_view build_id, const std::string& root) {
  const ElfFile::DebugLink link = module.debug_link();
  if (link.name.empty()) return {};
  const std::string folder = std::filesystem::path(module.path()).parent_path().string();
  for (const std::string& path :
       {folder + "/" + link.name, folder + "/.debug/" + link.name, root + folder + "/" + link.name}) {
    ElfFile file(path);
    if (!file.is_open() || path == module.path()) continue;
    const bool same = build_id.empty() || file.build_id().empty() || file.build_id() == build_id;
    if (same && has_checksum(file, link.crc)) return file;
  }
  return {};
}

}  // namespace

ElfFile find_debug_file(const ElfFile& module, std::string_view build_id, const DebugSources& sources) {
  if (build_id.size() > 1) {
    const std::string name = hex(build_id);
    ElfFile file =
        with_build_id(sources.root + "/.build-id/" + name.substr(0, 2) + "/" + name.substr(2) + ".debug", build_id);
    if (file.is_open()) return file;
  }
  if (module.is_open()) {
    ElfFile file = linked_file(module, build_id, sources.root);
    if (file.is_open()) return file;
  }
  if (sources.debuginfod == nullptr || build_id.size() < 2) return {};
  const auto fetched = fetch_debug_file(hex(build_id), module.path(), sources.debuginfod);
  return fetched ? with_build_id(*fetched, build_id) : ElfFile{};
}

}  // namespace cistern::analyzer
