#include "analyzer/render/layout/source_text.h"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>

namespace cistern::analyzer {
namespace {

constexpr off_t kMaxBytes = 16 << 20;

size_t indent_of(const std::string& line) {
  return line.find_first_not_of(" \t");
}

bool opens_block(const std::string& line) {
  const size_t begin = indent_of(line);
  for (const char* keyword : {"def ", "class ", "async def "}) {
    if (begin != std::string::npos && line.compare(begin, std::string(keyword).size(), keyword) == 0) return true;
  }
  return false;
}

uint64_t modified_ns(const struct stat& status) {
  return static_cast<uint64_t>(status.st_mtim.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(status.st_mtim.tv_nsec);
}

}  // namespace

uint64_t SourceText::header_of(uint64_t number) const {
  size_t indent = indent_of(line(number));
  for (uint64_t at = std::min<uint64_t>(number, lines.size() + 1); at-- > 1;) {
    const std::string text = line(at);
    if (indent_of(text) >= indent) continue;  // deeper, as deep, or blank
    if (opens_block(text)) return at;
    indent = indent_of(text);
  }
  return 0;
}

SourceText read_source(const std::vector<std::string>& paths, uint64_t recorded_unix_ns) {
  SourceText source;
  for (const std::string& path : paths) {
    struct stat status;
    if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > kMaxBytes) continue;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      if (line.ends_with('\r')) line.pop_back();
      source.lines.push_back(line);
    }
    source.changed = modified_ns(status) > recorded_unix_ns;
    if (source.readable()) break;
  }
  return source;
}

}  // namespace cistern::analyzer
